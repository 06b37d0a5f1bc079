//! What the tests share: a folder of its own for each test, the `wfc` binary run in it, small graphs.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use wfc::lower::library;

/// A graph that makes a picture and saves it.
pub(crate) const PICTURE: &str = r#"title = "A picture"
stages = ["make", "save"]

[params.width]
type = "int"
unit = "px"
default = 64
min = 16
max = 4096
multiple_of = 16
doc = "Width of the picture."

[params.name]
type = "string"
default = "picture"
doc = "Begin of the file's name."

[nodes.empty]
class = "EmptyImage"
stage = "make"
inputs = { width = { param = "width" }, height = { expr = "width // 2" }, batch_size = 1, color = 0 }

[nodes.save]
class = "SaveImage"
stage = "save"
inputs = { images = { node = "empty" }, filename_prefix = { param = "name" } }
"#;

/// A graph with one parameter of every type, each shown by a node of the same name.
pub(crate) const EVERY_TYPE: &str = r#"title = "Every type"

[models]
vae = "wan21-vae"

[params.count]
type = "int"
default = 5
min = 1
max = 99
form = "4n+1"
doc = "How many."

[params.strength]
type = "float"
default = 1.0
min = 0.0
max = 10.0
doc = "How strong."

[params.tiled]
type = "bool"
default = false
doc = "In tiles."

[params.prompt]
type = "string"
default = ""
doc = "What to show."

[params.sampler]
type = "choice"
default = "euler"
choices = ["euler", "dpmpp_2m", "heun"]
doc = "The sampler."

[params.seed]
type = "seed"
default = 0
doc = "Seed of the noise."

[params.image]
type = "image"
default = "a.png"
doc = "The picture."

[params.video]
type = "video"
default = "a.mp4"
doc = "The video."

[params.audio]
type = "audio"
default = "a.wav"
doc = "The sound."

[params.model]
type = "model"
default = "clip-vision-h"
doc = "The model."

[params.loras]
type = "lora-list"
default = []
doc = "The LoRAs."

[nodes.count]
class = "PreviewAny"
inputs = { source = { param = "count" } }

[nodes.strength_value]
class = "PrimitiveFloat"
inputs = { value = { param = "strength" } }
[nodes.strength]
class = "PreviewAny"
inputs = { source = { node = "strength_value" } }

[nodes.tiled]
class = "PreviewAny"
inputs = { source = { param = "tiled" } }

[nodes.prompt]
class = "PreviewAny"
inputs = { source = { param = "prompt" } }

[nodes.sampler]
class = "PreviewAny"
inputs = { source = { param = "sampler" } }

[nodes.noise]
class = "RandomNoise"
inputs = { noise_seed = { param = "seed" } }
[nodes.seed]
class = "PreviewAny"
inputs = { source = { node = "noise" } }

[nodes.image]
class = "PreviewAny"
inputs = { source = { param = "image" } }

[nodes.video]
class = "PreviewAny"
inputs = { source = { param = "video" } }

[nodes.audio]
class = "PreviewAny"
inputs = { source = { param = "audio" } }

[nodes.model]
class = "PreviewAny"
inputs = { source = { param = "model" } }

[nodes.vae_file]
class = "VAELoader"
inputs = { vae_name = { model = "vae" } }
[nodes.vae]
class = "PreviewAny"
inputs = { source = { node = "vae_file" } }

[nodes.lora]
class = "PreviewAny"
for_each = "loras"
inputs = { source = { item = "file" } }
[nodes.lora_strength]
class = "PreviewAny"
for_each = "loras"
inputs = { source = { item = "strength" } }
"#;

/// A folder that goes away with the test. Its files are named as `wfc` sees them when it runs there.
pub(crate) struct Folder(TempDir);

/// How a run of `wfc` ended. The folder's own path is shown as `FOLDER`, and the list of the built-in graphs
/// as `GRAPHS`, so that one more changes no expectation.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A folder with files: name and content.
    pub(crate) fn with<const N: usize>(files: [(&str, &str); N]) -> Self {
        let folder = Self::new();
        for (name, content) in files {
            folder.write(name, content);
        }
        folder
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file, with the folders that it needs.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names of all files below the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(self.0.path()).unwrap();
                    names.push(name.to_string_lossy().replace('\\', "/"));
                }
            }
        }
        names.sort();
        names
    }

    /// `wfc` in this folder, ready to be started: nothing of the environment changes what it prints.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wfc"));
        command.current_dir(self.0.path()).args(arguments).stdin(Stdio::null());
        for name in ["COLUMNS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"] {
            command.env_remove(name);
        }
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        command
    }

    /// Runs `wfc` in this folder.
    pub(crate) fn wfc(&self, arguments: &[&str]) -> Run {
        self.finish(&mut self.command(arguments))
    }

    pub(crate) fn finish(&self, command: &mut Command) -> Run {
        let output = command.output().unwrap();
        let text = |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).expect("wfc prints UTF-8");
            let canonical = self.0.path().canonicalize().unwrap();
            let graphs = library::names().collect::<Vec<_>>().join(", ");
            text.replace(&*canonical.to_string_lossy(), "FOLDER")
                .replace(&*self.0.path().to_string_lossy(), "FOLDER")
                .replace(&graphs, "GRAPHS")
        };
        Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    /// Runs git in a folder below this one, with nobody's configuration; gives what it prints.
    #[track_caller]
    pub(crate) fn git(&self, below: &str, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(self.path(below))
            .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_SYSTEM", "/dev/null")
            .output()
            .unwrap();
        let (said, shown) = (output.stderr, String::from_utf8_lossy(&output.stdout).into_owned());
        assert!(output.status.success(), "git {arguments:?}: {shown}{}", String::from_utf8_lossy(&said));
        shown
    }

    /// True, and said, where git is not installed.
    pub(crate) fn is_without_git() -> bool {
        let is_missing = Command::new("git").arg("--version").output().is_err();
        if is_missing {
            let _ = writeln!(std::io::stderr(), "skipped: there is no git");
        }
        is_missing
    }

    /// The compiled workflow of a preset that is expected to build, read from standard output.
    pub(crate) fn workflow(&self, preset: &str, arguments: &[&str]) -> Value {
        let mut workflows = self.workflows(preset, arguments);
        assert_eq!(workflows.len(), 1);
        workflows.remove(0)
    }

    /// The compiled workflows of a preset that is expected to build, read from standard output.
    pub(crate) fn workflows(&self, preset: &str, arguments: &[&str]) -> Vec<Value> {
        let run = self.wfc(&[&["build", preset, "-o", "-"], arguments].concat()).succeeded();
        run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Run {
    /// The run, which must have ended with exit code 0 and nothing to say on standard error.
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!((self.code, &*self.stderr), (Some(0), ""), "{}", self.stdout);
        self
    }

    /// Standard error of a run that must have found something: exit code 1, nothing on standard output.
    #[track_caller]
    pub(crate) fn findings(self) -> String {
        assert_eq!((self.code, &*self.stdout), (Some(1), ""), "{}", self.stderr);
        self.stderr
    }

    /// Standard error of a run that could not do its job: exit code 2, nothing on standard output.
    #[track_caller]
    pub(crate) fn failed(self) -> String {
        assert_eq!((self.code, &*self.stdout), (Some(2), ""), "{}", self.stderr);
        self.stderr
    }
}

/// A file of this repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The presets or graphs of a folder of this repository, sorted: name without extension, and text.
pub(crate) fn toml_files(folder: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(repository(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter(|path| !path.to_string_lossy().ends_with(".lint.toml"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no TOML file");
    files
}

/// The value of an input of a compiled workflow.
#[track_caller]
pub(crate) fn input<'w>(workflow: &'w Value, node: &str, input: &str) -> &'w Value {
    workflow[node]["inputs"].get(input).unwrap_or_else(|| panic!("no `{input}` of `{node}` in {workflow:#}"))
}

/// The file of a model of the catalog.
pub(crate) fn model_file(name: &str) -> String {
    wfc::catalog::Models::embedded().model(name).unwrap().file
}
