//! How a manifest is laid out: one entry a line, lists of numbers on one line, workflows of a batch one a line.

use std::io;

use serde_json::Value;

use super::{Manifest, Workflows};

/// Writes a manifest. The workflows of a batch are made one by one.
pub(super) fn write(manifest: &Manifest, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rest = manifest.clone();
    let workflows = manifest.batch.as_ref().map(|batch| &batch.workflows);
    if let Some(batch) = &mut rest.batch {
        batch.workflows = batch.workflows.emptied();
    }
    let mut writer = Writer { out, workflows };
    writer.value(&serde_json::to_value(rest)?, &mut Vec::new())?;
    writer.out.write_all(b"\n")
}

struct Writer<'w> {
    out: &'w mut dyn io::Write,
    workflows: Option<&'w Workflows>,
}

impl Writer<'_> {
    fn line(&mut self, depth: usize) -> io::Result<()> {
        self.out.write_all(b"\n")?;
        (0..depth).try_for_each(|_| self.out.write_all(b"  "))
    }

    /// Writes a value; `path` are the keys that lead to it, with an empty one for each list.
    fn value<'v>(&mut self, value: &'v Value, path: &mut Vec<&'v str>) -> io::Result<()> {
        match value {
            Value::Array(_) if *path == ["batch", "workflows"] => self.workflows(path.len()),
            // A form such as `4n+1` has thousands of numbers.
            Value::Array(items) if !items.iter().all(Value::is_number) => {
                self.out.write_all(b"[")?;
                for (at, item) in items.iter().enumerate() {
                    self.separate(at)?;
                    self.line(path.len() + 1)?;
                    path.push("");
                    self.value(item, path)?;
                    path.pop();
                }
                self.line(path.len())?;
                self.out.write_all(b"]")
            }
            Value::Object(entries) if !entries.is_empty() => {
                self.out.write_all(b"{")?;
                for (at, (key, item)) in entries.iter().enumerate() {
                    self.separate(at)?;
                    self.line(path.len() + 1)?;
                    serde_json::to_writer(&mut *self.out, key)?;
                    self.out.write_all(b": ")?;
                    path.push(key);
                    self.value(item, path)?;
                    path.pop();
                }
                self.line(path.len())?;
                self.out.write_all(b"}")
            }
            other => Ok(serde_json::to_writer(&mut *self.out, other)?),
        }
    }

    fn workflows(&mut self, depth: usize) -> io::Result<()> {
        self.out.write_all(b"[")?;
        for (at, workflow) in self.workflows.into_iter().flat_map(Workflows::iter).enumerate() {
            self.separate(at)?;
            self.line(depth + 1)?;
            serde_json::to_writer(&mut *self.out, &workflow)?;
        }
        self.line(depth)?;
        self.out.write_all(b"]")
    }

    fn separate(&mut self, at: usize) -> io::Result<()> {
        if at == 0 { Ok(()) } else { self.out.write_all(b",") }
    }
}
