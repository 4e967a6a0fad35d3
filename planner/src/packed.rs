//! Several texts in one, each behind its length: `5:owner7:default`. Tens of thousands of records and objects have a handful of labels
//! or annotations each, and every text of its own would cost two lengths, two counters and the allocator's share.

/// The text while it is written.
#[derive(Debug)]
pub struct Packed(String);

impl Packed {
    /// Room for this many texts of this length in all.
    pub fn with_room(texts: usize, length: usize) -> Self {
        // Nearly all lengths have three digits at most.
        Self(String::with_capacity(length + texts * "123:".len()))
    }

    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.push_number(text.len());
        self.0.push(':');
        self.0.push_str(text);
    }

    fn push_number(&mut self, number: usize) {
        if number > 9 {
            self.push_number(number / 10);
        }
        self.0.push(char::from(b'0' + (number % 10) as u8));
    }

    /// Everything that was added.
    pub fn finish(self) -> String {
        self.0
    }
}

/// Takes one text off the front; `None` at the end, or where there is none.
pub fn next<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let mut length = 0usize;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => length = length.checked_mul(10)?.checked_add(usize::from(byte - b'0'))?,
            b':' => {
                let (text, after) = rest.get(at + 1..)?.split_at_checked(length)?;
                *rest = after;
                return Some(text);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_come_out_as_they_went_in(texts in prop::collection::vec(".{0,12}|[0-9:]{0,200}", 0..8)) {
            let mut packed = Packed::with_room(texts.len(), 0);
            texts.iter().for_each(|text| packed.push(text));
            let packed = packed.finish();
            let mut rest = packed.as_str();
            let read: Vec<&str> = std::iter::from_fn(|| next(&mut rest)).collect();
            prop_assert_eq!(read, texts);
            prop_assert_eq!(rest, "");
        }
    }

    #[test]
    fn what_is_not_packed_has_no_next() {
        for text in ["", ":", "x", "3:ab", "99999999999999999999:a", "1:é", "2"] {
            let mut rest = text;
            let expected = if text == ":" { Some("") } else { None };
            assert_eq!(next(&mut rest), expected, "{text:?}");
        }
    }
}
