//! Cutting a JSON array into its elements while it arrives, so that a long listing is never held as text.

use memchr::memchr2;

/// What is wrong with the answer as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAList {
    /// It begins with something else.
    #[error("the answer is not a JSON list")]
    NoList,
    /// Its end is missing.
    #[error("the answer ends in the middle of the list")]
    Cut,
}

/// Hands on each row of a list that comes in pieces, as the rows of an answer are read.
///
/// # Errors
/// When it is no list, or not a whole one; rows before that have been handed on.
pub fn rows_of<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    mut each: impl FnMut(&[u8]),
) -> Result<(), NotAList> {
    let mut splitter = RowSplitter::new();
    for piece in pieces {
        splitter.push(piece, |row| {
            each(row);
            Ok::<(), NotAList>(())
        })?;
    }
    splitter.finish()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing but white space so far.
    Start,
    /// In something that is no list: only `null` is acceptable, as an empty one.
    Word,
    /// After the opening bracket: the list may still be empty.
    Opened,
    /// In an element, or about to begin one.
    Element,
    /// After the closing bracket. What follows is ignored, as Go's decoder does.
    Closed,
}

/// Finds where elements end, and no more: whether an element is JSON is for the decoder to say, which gets every one.
#[derive(Debug)]
pub(crate) struct RowSplitter {
    state: State,
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// The beginning of an element whose end has not arrived yet.
    partial: Vec<u8>,
}

impl RowSplitter {
    pub(crate) fn new() -> Self {
        Self { state: State::Start, depth: 0, in_string: false, escaped: false, partial: Vec::new() }
    }

    /// Takes the next piece of the answer and hands on each element that is complete with it.
    pub(crate) fn push<E: From<NotAList>>(
        &mut self,
        piece: &[u8],
        mut each: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = piece;
        while let Some((&byte, tail)) = rest.split_first() {
            match self.state {
                State::Closed => return Ok(()),
                State::Word => {
                    self.partial.push(byte);
                    // Long enough to know that it is not `null`.
                    if self.partial.len() > 64 {
                        return Err(NotAList::NoList.into());
                    }
                    rest = tail;
                }
                State::Start | State::Opened if byte.is_ascii_whitespace() => rest = tail,
                State::Start if byte == b'[' => {
                    self.state = State::Opened;
                    rest = tail;
                }
                State::Start => self.state = State::Word,
                State::Opened if byte == b']' => self.state = State::Closed,
                State::Opened => self.state = State::Element,
                State::Element => rest = self.element(rest, &mut each)?,
            }
        }
        Ok(())
    }

    /// Goes to the end of the current element or of the piece; returns what follows.
    fn element<'a, E>(
        &mut self,
        piece: &'a [u8],
        each: &mut impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<&'a [u8], E> {
        let Some(end) = self.end_of_element(piece) else {
            self.partial.extend_from_slice(piece);
            return Ok(&[]);
        };
        let (head, tail) = piece.split_at(end);
        if self.partial.is_empty() {
            each(head)?;
        } else {
            self.partial.extend_from_slice(head);
            each(&self.partial)?;
            self.partial.clear();
        }
        if tail.first() == Some(&b']') {
            self.state = State::Closed;
        }
        Ok(tail.get(1..).unwrap_or_default())
    }

    fn end_of_element(&mut self, piece: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            if self.in_string && !self.escaped {
                // Most of a listing stands in strings, where only two characters mean anything.
                at += memchr2(b'"', b'\\', piece.get(at..)?)?;
            }
            if self.ends_element(*piece.get(at)?) {
                return Some(at);
            }
            at += 1;
        }
    }

    fn ends_element(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b',' | b']' if self.depth == 0 => return true,
            // A stray `}` reaches the decoder as part of the element.
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        false
    }

    /// Says whether the answer was complete.
    pub(crate) fn finish(&self) -> Result<(), NotAList> {
        match self.state {
            State::Closed => Ok(()),
            State::Word if self.partial.trim_ascii() == b"null" => Ok(()),
            State::Word => Err(NotAList::NoList),
            State::Start | State::Opened | State::Element => Err(NotAList::Cut),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn split(json: &str, piece: usize) -> Result<Vec<String>, NotAList> {
        let mut splitter = RowSplitter::new();
        let mut rows = Vec::new();
        for piece in json.as_bytes().chunks(piece) {
            splitter.push(piece, |row| {
                rows.push(String::from_utf8(row.to_vec()).unwrap().trim().to_owned());
                Ok::<(), NotAList>(())
            })?;
        }
        splitter.finish().map(|()| rows)
    }

    #[rstest]
    #[case("[]", &[])]
    #[case(" [ \n ] ", &[])]
    #[case(" null\n", &[])]
    #[case("[1]", &["1"])]
    #[case("[null , {}]", &["null", "{}"])]
    #[case(r#"[{"a":[1,2],"b":{"c":"]},[\"\\"}},[3,4]]"#, &[r#"{"a":[1,2],"b":{"c":"]},[\"\\"}}"#, "[3,4]"])]
    #[case("[1] trailing ] rubbish", &["1"])]
    #[case("[\"é\"]", &["\"é\""])]
    // Not JSON, but that is for the decoder to say: it gets an empty element.
    #[case("[1,]", &["1", ""])]
    #[case("[,1]", &["", "1"])]
    #[case("[}]", &["}"])]
    fn elements_are_found_wherever_the_pieces_are_cut(#[case] json: &str, #[case] expected: &[&str]) {
        for piece in 1..=json.len() {
            assert_eq!(split(json, piece).unwrap(), expected, "pieces of {piece}");
        }
    }

    #[rstest]
    #[case("", NotAList::Cut)]
    #[case("[", NotAList::Cut)]
    #[case("[1", NotAList::Cut)]
    #[case("[1,", NotAList::Cut)]
    #[case(r#"["a]"#, NotAList::Cut)]
    #[case("[[]", NotAList::Cut)]
    #[case("{}", NotAList::NoList)]
    #[case("nul", NotAList::NoList)]
    #[case(
        "\"a long string that is certainly no list, however long one may go on to read it\"",
        NotAList::NoList
    )]
    fn what_is_not_a_whole_list_is_refused(#[case] json: &str, #[case] expected: NotAList) {
        for piece in 1..=json.len().max(1) {
            assert_eq!(split(json, piece).unwrap_err(), expected, "pieces of {piece}");
        }
    }
}
