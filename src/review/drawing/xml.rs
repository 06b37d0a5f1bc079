//! XML, element by element. Whatever is written is escaped; the `svg` crate, which draws charts, leaves quotes in
//! attributes as they are and breaks lines inside of texts.

/// A text of XML that grows.
#[derive(Debug, Default)]
pub(super) struct Xml(String);

impl Xml {
    /// The start of an element with children.
    pub(super) fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0.push('>');
    }

    /// The end of an element, and of a line.
    pub(super) fn close(&mut self, name: &str) {
        self.0 += "</";
        self.0 += name;
        self.0 += ">\n";
    }

    /// An element without children.
    pub(super) fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.start(name, attributes);
        self.0 += "/>";
    }

    /// An element with a text.
    pub(super) fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        self.escape(text);
        self.0 += "</";
        self.0 += name;
        self.0.push('>');
    }

    /// Ends a line, between elements.
    pub(super) fn line(&mut self) {
        self.0.push('\n');
    }

    /// What was written elsewhere.
    pub(super) fn raw(&mut self, other: &Self) {
        self.0 += &other.0;
    }

    pub(super) fn finish(self) -> String {
        self.0
    }

    fn start(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.0.push('<');
        self.0 += name;
        for (name, value) in attributes {
            self.0.push(' ');
            self.0 += name;
            self.0 += "=\"";
            self.escape(value);
            self.0.push('"');
        }
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0 += "&amp;",
                '<' => self.0 += "&lt;",
                '>' => self.0 += "&gt;",
                '"' => self.0 += "&quot;",
                '\'' => self.0 += "&#39;",
                '\n' | '\t' => self.0.push(c),
                // XML has no way to write these.
                c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => self.0.push('\u{fffd}'),
                c => self.0.push(c),
            }
        }
    }
}
