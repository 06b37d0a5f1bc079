//! What becomes of a `filename_prefix`: ComfyUI's `folder_paths.get_save_image_path`.

use super::files::{Folder, normal};
use super::files_routes::date;

/// Where files of a prefix go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Below the folder, with `/`; may be empty.
    pub(super) subfolder: String,
    /// How the names begin.
    pub(super) stem: String,
}

/// The place of a prefix; what the server raises if it leads out of the folder. Places are filled in as the server does:
/// `%width%` and `%height%`, which are 0 for classes that save no pictures, and the time, in UTC. What the editor fills in
/// (`%date:…%`, `%Node.widget%`) stays as it is.
pub(super) fn place(
    prefix: &str,
    (width, height): (u32, u32),
    seconds: i64,
    folder: Folder,
    root: &str,
) -> Result<Place, String> {
    let filled = filled(prefix, (width, height), seconds);
    let Some(path) = normal(&filled) else {
        let folder = format!("{root}/{}", folder.name());
        let (above, _) = filled.rsplit_once('/').unwrap_or(("", ""));
        let full = if filled.starts_with('/') { above.to_owned() } else { leaving(&folder, above) };
        return Err(format!(
            "**** ERROR: Saving image outside the output folder is not allowed.\n full_output_folder: {full}\n         \
             output_dir: {folder}\n         commonpath: {}",
            common(&folder, &full)
        ));
    };
    // Python calls an empty path `.`.
    let path = if path.is_empty() { ".".to_owned() } else { path };
    let (subfolder, stem) = path.rsplit_once('/').unwrap_or(("", &path));
    Ok(Place { subfolder: subfolder.to_owned(), stem: stem.to_owned() })
}

fn filled(prefix: &str, (width, height): (u32, u32), seconds: i64) -> String {
    if !prefix.contains('%') {
        return prefix.to_owned();
    }
    let [year, month, day, hour, minute, second] = calendar(seconds);
    let values = [
        ("%width%", width.to_string()),
        ("%height%", height.to_string()),
        ("%year%", year),
        ("%month%", month),
        ("%day%", day),
        ("%hour%", hour),
        ("%minute%", minute),
        ("%second%", second),
    ];
    values.iter().fold(prefix.to_owned(), |text, (name, value)| text.replace(name, value))
}

/// Year, month, day, hour, minute and second of a time in seconds since 1970, in UTC, each of two digits or more.
pub(super) fn calendar(seconds: i64) -> [String; 6] {
    // `Sun, 06 Nov 1994 08:49:37 GMT`
    let date = date(seconds);
    let words: Vec<&str> = date.split([' ', ':']).collect();
    let word = |at: usize| words.get(at).copied().unwrap_or_default().to_owned();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|month| *month == word(2)).unwrap_or_default() + 1;
    [word(3), format!("{month:02}"), word(1), word(4), word(5), word(6)]
}

/// A path that goes up from a folder.
fn leaving(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// What two paths begin with alike.
fn common(one: &str, other: &str) -> String {
    let pairs = one.split('/').zip(other.split('/')).take_while(|(one, other)| one == other);
    let parts: Vec<&str> = pairs.map(|(part, _)| part).filter(|part| !part.is_empty()).collect();
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(prefix: &str) -> Result<Place, String> {
        place(prefix, (640, 480), 784_111_777, Folder::Output, "/opt/ComfyUI")
    }

    #[test]
    fn places_are_those_of_the_server() {
        for (prefix, subfolder, stem) in [
            ("a", "", "a"),
            ("a//b/./c", "a/b", "c"),
            ("a/../b", "", "b"),
            ("a/b/", "a", "b"),
            ("", "", "."),
            ("%width%x%height%", "", "640x480"),
            ("%year%-%month%-%day%/%hour%%minute%%second%", "1994-11-06", "084937"),
            ("%date:yyyy-MM-dd%", "", "%date:yyyy-MM-dd%"),
            ("%batch_num%", "", "%batch_num%"),
            ("100%", "", "100%"),
        ] {
            let expected = Place { subfolder: subfolder.to_owned(), stem: stem.to_owned() };
            assert_eq!(of(prefix), Ok(expected), "{prefix}");
        }
        let said = of("../../x/y").expect_err("it leads out");
        assert!(said.contains("full_output_folder: /opt/x\n"), "{said}");
        assert!(said.ends_with("commonpath: /opt"), "{said}");
        assert!(of("/etc/x").expect_err("it leads out").ends_with("commonpath: /"));
    }
}
