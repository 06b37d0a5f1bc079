//! Files of a server: what is put there, and what is fetched.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Cursor, Read as _};
use std::path::Path;

use super::address::encoded;
use super::http::Client;
use super::new_id;
use crate::exec::{Error, Files, Opened, RemoteFile, Trouble, outputs};

/// The folder that uploads go to.
const FOLDER: &str = "wfc";

/// Hexadecimal digits of the hash in a file's name.
const DIGITS: usize = 16;

/// A file that was put on the server.
#[derive(Clone, Debug)]
pub(super) struct Uploaded {
    /// What the server calls it.
    name: String,
    /// False if it may be there no more.
    pub(super) is_sure: bool,
}

/// Puts a file among the inputs, named after its content: what is there already stays as it is. Gives the name that
/// the server answers, which is not always the one that was asked for.
pub(super) fn upload(
    client: &Client,
    file: &Path,
    uploaded: &mut BTreeMap<String, Uploaded>,
) -> Result<String, Error> {
    let (hash, length) = outputs::sha256(file)?;
    if let Some(known) = uploaded.get_mut(&hash) {
        // Looking is cheaper than sending a video once more.
        if known.is_sure || has_input(client, &known.name)? {
            known.is_sure = true;
            return Ok(known.name.clone());
        }
    }
    let opened = File::open(file).map_err(|error| outputs::cannot("read", file, &error))?;
    let extension = file.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let is_plain = |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let extension = extension.filter(is_plain).map_or(String::new(), |extension| format!(".{extension}"));
    let name = format!("{}{extension}", hash.get(..DIGITS).unwrap_or(&hash));
    let boundary = format!("wfc-{}", new_id());
    let field = |key: &str, value: &str| {
        format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n")
    };
    let head = format!(
        "{}{}{}--{boundary}\r\ncontent-disposition: form-data; name=\"image\"; filename=\"{name}\"\r\n\
         content-type: application/octet-stream\r\n\r\n",
        field("type", "input"),
        field("subfolder", FOLDER),
        field("overwrite", "false"),
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let whole = head.len() as u64 + length + tail.len() as u64;
    let mut body =
        Cursor::new(head.into_bytes()).chain(opened.take(length)).chain(Cursor::new(tail.into_bytes()));
    let body = ureq::SendBody::from_reader(&mut body);
    let content_type = format!("multipart/form-data; boundary={boundary}");
    let answer = client.post("/upload/image", &content_type, body, whole).map_err(|mut error| {
        error.message = format!("{} cannot be put on the server: {}", file.display(), error.message);
        error
    })?;
    if answer.status == 413 {
        let message = format!(
            "{}: {} MiB are more than the server takes (status 413)",
            file.display(),
            length.div_ceil(1 << 20)
        );
        return Err(Error::new(Trouble::Refused, message).help(
            "start ComfyUI with a larger --max-upload-size, in MB, or copy the file to its input folder",
        ));
    }
    let json = answer.clone().into_json()?;
    let Some(name) = json.get("name").and_then(|name| name.as_str()) else {
        return Err(Error::new(
            Trouble::NotComfy,
            format!("{}: the answer to an upload names no file", client.address().url("/upload/image")),
        ));
    };
    let name = match json.get("subfolder").and_then(|folder| folder.as_str()) {
        Some(folder) if !folder.is_empty() => format!("{folder}/{name}"),
        _ => name.to_owned(),
    };
    uploaded.insert(hash, Uploaded { name: name.clone(), is_sure: true });
    Ok(name)
}

/// True if the server has an input of this name.
pub(super) fn has_input(client: &Client, name: &str) -> Result<bool, Error> {
    let (subfolder, filename) = name.rsplit_once('/').unwrap_or(("", name));
    let route = route(filename, subfolder, "input");
    match client.open(&route, 0) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.trouble, Trouble::Unreachable | Trouble::Tls | Trouble::Credentials) => {
            Err(error)
        }
        Err(_) => Ok(false),
    }
}

fn route(filename: &str, subfolder: &str, kind: &str) -> String {
    format!("/view?filename={}&subfolder={}&type={}", encoded(filename), encoded(subfolder), encoded(kind))
}

/// True for names that leave the folder they are in.
fn leads_out(file: &RemoteFile) -> bool {
    [&file.subfolder, &file.filename].iter().any(|name| {
        name.starts_with(['/', '\\'])
            || name.contains(':')
            || name.split(['/', '\\']).any(|part| part == "..")
    })
}

/// What is fetched from a server.
#[derive(Debug)]
pub(super) struct ServerFiles {
    client: Client,
}

impl ServerFiles {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Files for ServerFiles {
    fn open(&self, file: &RemoteFile, from: u64) -> Result<Opened, Error> {
        let route = route(&file.filename, &file.subfolder, &file.kind);
        let stream = match self.client.open(&route, from) {
            // The file is shorter than what was asked for: begin again.
            Err(error) if from > 0 && error.message.contains("status 416") => self.client.open(&route, 0)?,
            // ComfyUI gives nothing that lies outside of its folders, whatever a node says.
            Err(error)
                if leads_out(file)
                    && ["status 400", "status 403"].iter().any(|status| error.message.contains(status)) =>
            {
                let message = format!(
                    "node `{}` says that it made `{}`, which the server does not give: that is outside of its folders",
                    file.node,
                    if file.subfolder.is_empty() {
                        file.filename.clone()
                    } else {
                        format!("{}/{}", file.subfolder, file.filename)
                    }
                );
                return Err(
                    Error::new(Trouble::Refused, message).help("have the node write below the output folder")
                );
            }
            Err(error) if error.trouble == Trouble::NotComfy => {
                let message =
                    format!("the server has no file `{}`, though it says that it made it", file.filename);
                return Err(Error::new(Trouble::Refused, message)
                    .help("was it removed, or its folder changed, while the workflow ran?"));
            }
            other => other?,
        };
        if !stream.is_file {
            let message =
                format!("{}: a page or message in place of a file", self.client.address().url(&route));
            return Err(Error::new(Trouble::NotComfy, message).passing());
        }
        let (from, total) = match stream.range {
            Some((first, total)) => (first, Some(total)),
            None => (0, stream.length),
        };
        Ok(Opened { from, total, etag: stream.etag, body: stream.body })
    }
}
