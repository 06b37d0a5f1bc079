//! Where ComfyUI looks for model files, how they are called, and which classes fetch their own.

use std::collections::BTreeMap;

/// The tables that come with the tool. Their heads explain the columns; each line names its source.
const FOLDERS: &str = include_str!("../../../schemas/model_folders.csv");
const FOLDERS_HEAD: &str = "kind,folder,directory,source";
const DOWNLOADS: &str = include_str!("../../../schemas/node_downloads.csv");

/// The directories below ComfyUI's `models` that its model folders mean.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folders {
    search: BTreeMap<String, Vec<String>>,
    legacy: BTreeMap<String, String>,
    volume: BTreeMap<String, String>,
}

impl Folders {
    /// The table that comes with the tool, of ComfyUI 0.27.0.
    #[must_use]
    pub fn embedded() -> Self {
        // A test proves that the embedded table parses.
        Self::parse(FOLDERS).unwrap_or_default()
    }

    /// Reads lines of `kind,folder,directory,source`.
    ///
    /// # Errors
    /// The number, from 1, of the first line that is not of this form.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut folders = Self::default();
        for (line, [kind, folder, directory, _]) in rows(text, FOLDERS_HEAD) {
            let (folder, directory) = (folder.to_owned(), directory.to_owned());
            match kind {
                "search" => folders.search.entry(folder).or_default().push(directory),
                "legacy" => drop(folders.legacy.insert(directory, folder)),
                "volume" => drop(folders.volume.insert(directory, folder)),
                "extension" => {}
                _ => return Err(line),
            }
        }
        Ok(folders)
    }

    /// The directories below `models` in which files of `folder` are looked for, in order.
    #[must_use]
    pub fn directories<'a>(&'a self, folder: &'a str) -> Vec<&'a str> {
        match self.search.get(folder) {
            Some(directories) => directories.iter().map(String::as_str).collect(),
            None => vec![folder],
        }
    }

    /// The folder that an older name means; any other name means itself.
    #[must_use]
    pub fn canonical<'a>(&'a self, folder: &'a str) -> &'a str {
        self.legacy.get(folder).map_or(folder, String::as_str)
    }

    /// The folder that a directory of a network volume's layout means.
    #[must_use]
    pub fn of_volume(&self, directory: &str) -> Option<&str> {
        self.volume.get(directory).map(String::as_str)
    }

    /// Directory and folder of a network volume's layout, ascending.
    pub fn volume(&self) -> impl Iterator<Item = (&str, &str)> {
        self.volume.iter().map(|(directory, folder)| (directory.as_str(), folder.as_str()))
    }
}

/// True if `name` ends in an extension of the files that loaders take, in whatever case, as ComfyUI compares
/// them. A name with a dot in it is not yet a file: `wan2.2_vae` is none.
#[must_use]
pub fn is_file_name(name: &str) -> bool {
    let Some((_, extension)) = name.rsplit_once('.') else { return false };
    let known = |[kind, _, known, _]: [&str; 4]| kind == "extension" && known.eq_ignore_ascii_case(extension);
    rows(FOLDERS, FOLDERS_HEAD).any(|(_, row)| known(row))
}

/// Folder and file that a node class downloads itself when it first runs.
#[must_use]
pub fn downloaded_by(class: &str) -> Option<(&'static str, &'static str)> {
    let mut rows = rows(DOWNLOADS, "class_type,folder,file,source");
    rows.find_map(|(_, [of, folder, file, _])| (of == class).then_some((folder, file)))
}

/// The lines of a table with four columns, of which the last may hold commas: number from 1, and fields.
/// Comments, the head and empty lines are skipped; missing fields are empty.
fn rows<'t>(text: &'t str, head: &'t str) -> impl Iterator<Item = (usize, [&'t str; 4])> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
    let lines = lines.filter(move |(_, line)| !line.is_empty() && !line.starts_with('#') && *line != head);
    lines.map(|(number, line)| {
        let mut fields = line.splitn(4, ',').map(str::trim);
        (number, std::array::from_fn(|_| fields.next().unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_tables_parse() {
        let folders = Folders::parse(FOLDERS).unwrap();
        assert_eq!(folders.directories("diffusion_models"), ["unet", "diffusion_models"]);
        assert_eq!(folders.directories("loras"), ["loras"]);
        assert_eq!((folders.canonical("clip"), folders.canonical("vae")), ("text_encoders", "vae"));
        assert_eq!(folders.of_volume("wan2.2"), Some("diffusion_models"));
        assert_eq!(folders.volume().count(), 4);
        assert_eq!(Folders::parse("#\nseek,a,b,c"), Err(2));
        for (line, fields) in
            rows(FOLDERS, FOLDERS_HEAD).chain(rows(DOWNLOADS, "class_type,folder,file,source"))
        {
            assert!(fields.iter().all(|field| !field.is_empty()), "line {line}: {fields:?}");
        }
    }

    #[test]
    fn a_dot_does_not_make_a_file() {
        for name in ["a.safetensors", "x/b.GGUF", "c.torchscript", "d.pt2", "wan2.2_e.sft"] {
            assert!(is_file_name(name), "{name}");
        }
        for name in ["wan2.2_s2v_14B_bf16", "a.safetensor", "a.", "safetensors", "", "a.safetensors/b"] {
            assert!(!is_file_name(name), "{name}");
        }
    }

    #[test]
    fn classes_that_download_are_known() {
        let nlf = ("nlf", "nlf_l_multi_0.3.2.torchscript");
        assert_eq!(downloaded_by("DownloadAndLoadNLFModel"), Some(nlf));
        assert_eq!(downloaded_by("class_type"), None);
        assert_eq!(downloaded_by("VAELoader"), None);
    }
}
