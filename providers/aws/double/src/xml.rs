//! XML as a small tree: what the API takes and gives is never more than a megabyte.

use crate::error::ApiError;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer};

/// The namespace of every element of the API.
pub(crate) const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) namespace: Option<String>,
    pub(crate) text: String,
    pub(crate) children: Vec<Element>,
}

impl Element {
    pub(crate) fn new(name: &str) -> Self {
        Element { name: name.to_owned(), ..Element::default() }
    }

    /// The outermost element of an answer.
    pub(crate) fn root(name: &str) -> Self {
        Element { namespace: Some(NAMESPACE.to_owned()), ..Element::new(name) }
    }

    pub(crate) fn leaf(name: &str, text: impl ToString) -> Self {
        Element { text: text.to_string(), ..Element::new(name) }
    }

    pub(crate) fn with(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    pub(crate) fn with_all(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// Adds a leaf, where there is something to say.
    pub(crate) fn with_text(mut self, name: &str, text: Option<impl ToString>) -> Self {
        self.children.extend(text.map(|text| Element::leaf(name, text)));
        self
    }

    pub(crate) fn to_document(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new());
        // Writing into memory does not fail.
        let _ = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let _ = self.write(&mut writer);
        writer.into_inner()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> std::io::Result<()> {
        let mut start = BytesStart::new(&*self.name);
        if let Some(namespace) = &self.namespace {
            start.push_attribute(("xmlns", &**namespace));
        }
        writer.write_event(Event::Start(start))?;
        if !self.text.is_empty() {
            writer.write_event(Event::Text(BytesText::new(&self.text)))?;
        }
        self.children.iter().try_for_each(|child| child.write(writer))?;
        writer.write_event(Event::End(BytesEnd::new(&*self.name)))
    }

    /// Reads a request body whose outermost element is to be this one, in the API's namespace.
    pub(crate) fn parse_request(body: &[u8], root: &str) -> Result<Element, ApiError> {
        let element =
            parse(body).map_err(|problem| ApiError::malformed(format!("Invalid XML ; {problem}")))?;
        if element.name != root || element.namespace.as_deref() != Some(NAMESPACE) {
            return Err(ApiError::malformed(format!("{} is not valid, expected {root}", element.name)));
        }
        Ok(element)
    }

    /// Makes sure that there is nothing in here but these elements, each at most once. Their order is free: the Go SDK
    /// sends them in alphabetical order and the Python SDK in that of the model, and the service takes both.
    pub(crate) fn only(&self, known: &[&str]) -> Result<(), ApiError> {
        if !self.children.is_empty() && !self.text.trim().is_empty() {
            return Err(invalid_xml(format!("element '{}' cannot have character children", self.name)));
        }
        for (index, child) in self.children.iter().enumerate() {
            let twice = || self.children.iter().take(index).any(|other| other.name == child.name);
            if !known.contains(&&*child.name) || twice() {
                return Err(invalid_xml(format!(
                    "Invalid content was found starting with element '{}' in '{}'.",
                    child.name, self.name
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    pub(crate) fn required(&self, name: &str) -> Result<&Element, ApiError> {
        self.child(name).ok_or_else(|| {
            invalid_xml(format!(
                "The content of element '{}' is not complete. '{name}' is expected.",
                self.name
            ))
        })
    }

    /// The text of a child that holds nothing else.
    pub(crate) fn text_of(&self, name: &str) -> Result<Option<String>, ApiError> {
        self.child(name).map(|child| child.only(&[]).map(|()| child.text.clone())).transpose()
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<String, ApiError> {
        self.required(name)?;
        Ok(self.text_of(name)?.unwrap_or_default())
    }

    /// The children of a list element, all of one name and at least one.
    pub(crate) fn members(&self, name: &str) -> Result<&[Element], ApiError> {
        if let Some(other) = self.children.iter().find(|child| child.name != name) {
            return Err(invalid_xml(format!(
                "Invalid content was found starting with element '{}' in '{}'.",
                other.name, self.name
            )));
        }
        if self.children.is_empty() {
            self.required(name)?;
        }
        Ok(&self.children)
    }
}

fn invalid_xml(problem: String) -> ApiError {
    ApiError::invalid_input(format!("Invalid XML ; {problem}"))
}

/// The outermost element, with its own namespace declaration; the others are taken to be in the same namespace.
fn parse(body: &[u8]) -> Result<Element, String> {
    let text = std::str::from_utf8(body).map_err(|_| "not UTF-8".to_owned())?;
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = Vec::new();
    let mut root = None;
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => open.push(opened(&start)?),
            Event::Empty(start) => close(opened(&start)?, &mut open, &mut root)?,
            Event::End(_) => {
                let element = open.pop().ok_or("an element ends that did not begin")?;
                close(element, &mut open, &mut root)?;
            }
            Event::Text(text) => {
                let text = unescape(&text).map_err(|error| error.to_string())?;
                add_text(&mut open, &text)?;
            }
            Event::CData(text) => add_text(&mut open, &text)?,
            Event::GeneralRef(reference) => {
                match reference.resolve_char_ref().map_err(|error| error.to_string())? {
                    Some(character) => add_text(&mut open, character.encode_utf8(&mut [0; 4]))?,
                    None => {
                        add_text(&mut open, resolve_predefined_entity(&reference).ok_or("unknown entity")?)?
                    }
                }
            }
            Event::Eof if open.is_empty() => {
                return root.ok_or_else(|| "Content is not allowed in prolog.".into());
            }
            Event::Eof => {
                return Err("XML document structures must start and end within the same entity.".into());
            }
            Event::Decl(_) | Event::Comment(_) => {}
            Event::PI(_) | Event::DocType(_) => return Err("DOCTYPE is disallowed".into()),
        }
    }
}

fn opened(start: &BytesStart<'_>) -> Result<Element, String> {
    let mut element = Element::new(start.name().into_inner());
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        if attribute.key.into_inner() == "xmlns" {
            element.namespace = Some(attribute.value.into_owned());
        }
    }
    Ok(element)
}

fn close(element: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), String> {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if root.is_none() => *root = Some(element),
        None => {
            return Err("The markup in the document following the root element must be well-formed.".into());
        }
    }
    Ok(())
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), String> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("Content is not allowed in prolog.".into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let element =
            Element::root("A").with(Element::leaf("B", "<\"x\" & 'y'>\u{e4}")).with(Element::new("C"));
        assert_eq!(parse(&element.to_document()).unwrap(), element);
    }

    #[test]
    fn entities_and_sections_are_text() {
        let element = parse(b"<A>&quot;&#65;&#x42;&lt;<![CDATA[&amp;]]></A>").unwrap();
        assert_eq!(element.text, "\"AB<&amp;");
    }

    #[test]
    fn broken_documents_are_refused() {
        for body in ["", "x", "<A>", "<A></B>", "<A/><B/>", "<A>&nope;</A>", "<!DOCTYPE a><A/>"] {
            assert!(parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    #[test]
    fn unknown_doubled_and_missing_elements_are_named() {
        let element = parse(b"<A><B>1</B><C/><B>2</B></A>").unwrap();
        assert!(element.only(&["B", "C"]).unwrap_err().message.contains("'B'"));
        assert!(element.only(&["B"]).unwrap_err().message.contains("'C'"));
        assert!(element.required("D").unwrap_err().message.contains("'D'"));
    }

    #[test]
    fn the_root_and_its_namespace_are_those_of_the_operation() {
        let good = Element::root("R").to_document();
        assert!(Element::parse_request(&good, "R").is_ok());
        for (body, root) in [(&good[..], "S"), (b"<R/>", "R"), (b"<R xmlns='https://else.example/'/>", "R")] {
            assert_eq!(Element::parse_request(body, root).unwrap_err().code, "MalformedInput");
        }
    }
}
