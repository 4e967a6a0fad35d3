//! `printf`: Go's verbs and flags, and its way of saying in the output what went wrong.

use super::print::{composite, to_text};
use super::schema::Schema;
use super::value::Value;

/// Formats the arguments; mistakes become part of the text, such as `%!d(string=a)`.
pub(super) fn sprintf(schema: &Schema, format: &str, args: &[Value<'_>]) -> String {
    let mut printer =
        Printer { schema, args, next: 0, reordered: false, bad_index: false, output: String::new() };
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        printer.output.push_str(&rest[..at]);
        rest = printer.directive(&rest[at + 1..]);
    }
    printer.output.push_str(rest);
    printer.extra();
    printer.output
}

/// Flags, width and precision of one verb.
#[derive(Debug, Default, Clone, Copy)]
struct Spec {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

struct Printer<'a> {
    schema: &'a Schema,
    args: &'a [Value<'a>],
    next: usize,
    reordered: bool,
    bad_index: bool,
    output: String,
}

/// No DNS name is wider; keeps `%999999999d` from taking all memory.
const MAX_WIDTH: usize = 1_000;

impl<'a> Printer<'a> {
    /// Handles what follows a `%` and returns what is left of the format.
    fn directive(&mut self, format: &'a str) -> &'a str {
        let mut spec = Spec::default();
        let mut rest = read_flags(format, &mut spec);
        rest = self.explicit_index(rest);
        (spec.width, rest) = self.number(rest, &mut spec, false);
        if let Some(after) = rest.strip_prefix('.') {
            rest = self.explicit_index(after);
            (spec.precision, rest) = self.number(rest, &mut spec, true);
            // A bare dot is a precision of zero; `.*` with a bad argument is none.
            if spec.precision.is_none() && !after.starts_with('*') {
                spec.precision = Some(0);
            }
        }
        rest = self.explicit_index(rest);
        let mut chars = rest.chars();
        match chars.next() {
            None => self.output.push_str("%!(NOVERB)"),
            Some('%') => self.output.push('%'),
            Some(verb) => match self.args.get(self.next) {
                Some(value) => {
                    self.next += 1;
                    let text = self.verb(verb, spec, *value);
                    self.output.push_str(&text);
                }
                None if self.bad_index => self.output.push_str(&format!("%!{verb}(BADINDEX)")),
                None => self.output.push_str(&format!("%!{verb}(MISSING)")),
            },
        }
        chars.as_str()
    }

    /// `[n]`: the argument to use next.
    fn explicit_index(&mut self, format: &'a str) -> &'a str {
        let Some((number, rest)) = format.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
            return format;
        };
        self.reordered = true;
        self.next = number.parse::<usize>().ok().and_then(|at| at.checked_sub(1)).unwrap_or(usize::MAX);
        self.bad_index = self.next >= self.args.len();
        rest
    }

    /// A width or precision: digits, or `*` for the next argument.
    fn number(&mut self, format: &'a str, spec: &mut Spec, precision: bool) -> (Option<usize>, &'a str) {
        if let Some(rest) = format.strip_prefix('*') {
            let value = self.args.get(self.next).copied();
            self.next = self.next.saturating_add(1);
            let Some(Value::Int(value, _)) = value else {
                self.output.push_str(if precision { "%!(BADPREC)" } else { "%!(BADWIDTH)" });
                return (None, rest);
            };
            if value < 0 && precision {
                self.output.push_str("%!(BADPREC)");
                return (None, rest);
            }
            if value < 0 {
                (spec.minus, spec.zero) = (true, false);
            }
            let size = usize::try_from(value.unsigned_abs()).unwrap_or(MAX_WIDTH);
            return (Some(size.min(MAX_WIDTH)), rest);
        }
        let digits = format.len() - format.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = format.split_at(digits);
        let number = (digits > 0).then(|| number.parse().unwrap_or(MAX_WIDTH).min(MAX_WIDTH));
        (number, rest)
    }

    fn extra(&mut self) {
        if self.reordered || self.next >= self.args.len() {
            return;
        }
        let rest: Vec<String> = self.args[self.next..]
            .iter()
            .map(|value| self.described(*value, to_text(self.schema, *value)))
            .collect();
        self.output.push_str(&format!("%!(EXTRA {})", rest.join(", ")));
    }

    fn described(&self, value: Value<'_>, text: String) -> String {
        match value {
            Value::Missing | Value::Nil => "<nil>".to_owned(),
            value => format!("{}={text}", value.type_name()),
        }
    }

    fn verb(&self, verb: char, mut spec: Spec, value: Value<'a>) -> String {
        // `%+v` adds field names to structs, not signs to numbers.
        spec.plus &= verb != 'v';
        self.formatted(verb, spec, value).unwrap_or_else(|| {
            // Width and precision stay in force (`fmt`, `badVerb`): `%.2f` of a text shows two characters of it.
            let text = self.formatted('v', spec, value).unwrap_or_else(|| to_text(self.schema, value));
            format!("%!{verb}({})", self.described(value, text))
        })
    }

    /// The value as the verb writes it; `None` if they do not go together.
    fn formatted(&self, verb: char, spec: Spec, value: Value<'a>) -> Option<String> {
        let plain = || Some(pad(to_text(self.schema, value), spec));
        match (verb, value) {
            ('T', value) => Some(pad(value.type_name(), spec)),
            ('v', Value::Missing | Value::Nil) => plain(),
            (_, Value::Missing | Value::Nil) => None,
            ('t' | 'v', Value::Bool(_)) => plain(),
            (_, Value::Int(value, _)) => integer(verb, spec, value),
            (_, Value::Float(value)) => float(verb, spec, value),
            (_, Value::Text { text, .. }) => string(verb, spec, text),
            ('s' | 'v', Value::Time(_) | Value::Quantity(_) | Value::Opaque(_)) => plain(),
            ('s' | 'v', Value::Pointer(_, None) | Value::IntOrString(_)) => plain(),
            (_, Value::Pointer(_, Some(_))) => self.formatted(verb, spec, value.indirect(self.schema)),
            (_, Value::Slice { .. } | Value::Map(_) | Value::Struct(..)) => {
                let mut output = String::new();
                composite(&mut output, self.schema, value, &mut |output, part| match part {
                    Value::Pointer(_, None) => output.push_str("<nil>"),
                    part => output.push_str(&self.verb(verb, spec, part)),
                });
                Some(output)
            }
            _ => None,
        }
    }
}

fn read_flags<'a>(format: &'a str, spec: &mut Spec) -> &'a str {
    let mut rest = format;
    loop {
        let mut chars = rest.chars();
        match chars.next() {
            Some('+') => spec.plus = true,
            Some('-') => spec.minus = true,
            Some('#') => spec.sharp = true,
            Some(' ') => spec.space = true,
            Some('0') => spec.zero = true,
            _ => break,
        }
        rest = chars.as_str();
    }
    spec.zero &= !spec.minus;
    rest
}

fn pad(text: String, spec: Spec) -> String {
    let missing = spec.width.unwrap_or_default().saturating_sub(text.chars().count());
    let fill = if spec.zero { "0" } else { " " }.repeat(missing);
    if spec.minus { text + &fill } else { fill + &text }
}

/// Puts the sign before a number and fills up to the width; zeros go between sign and digits.
fn number(negative: bool, digits: String, spec: Spec, zero: bool) -> String {
    let sign = match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (false, true, _) => "+",
        (false, false, true) => " ",
        (false, false, false) => "",
    };
    let missing = spec.width.unwrap_or_default().saturating_sub(sign.len() + digits.len());
    if zero && spec.zero {
        return format!("{sign}{}{digits}", "0".repeat(missing));
    }
    pad(format!("{sign}{digits}"), Spec { zero: false, ..spec })
}

fn integer(verb: char, spec: Spec, value: i64) -> Option<String> {
    let magnitude = value.unsigned_abs();
    let character =
        || u32::try_from(value).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER);
    let (prefix, digits) = match verb {
        'v' | 'd' => ("", magnitude.to_string()),
        'b' => ("0b", format!("{magnitude:b}")),
        'o' => ("0", format!("{magnitude:o}")),
        'O' => return Some(number(value < 0, format!("0o{magnitude:o}"), spec, true)),
        'x' => ("0x", format!("{magnitude:x}")),
        'X' => ("0X", format!("{magnitude:X}")),
        'c' => return Some(pad(character().to_string(), spec)),
        'q' => return Some(pad(quote(&character().to_string(), '\''), spec)),
        'U' => return Some(pad(format!("U+{magnitude:04X}"), spec)),
        _ => return None,
    };
    let wanted = spec.precision.unwrap_or_default();
    let digits = if spec.precision == Some(0) && value == 0 { String::new() } else { digits };
    let digits = "0".repeat(wanted.saturating_sub(digits.len())) + &digits;
    let prefix = if spec.sharp { prefix } else { "" };
    // A precision turns zero padding off.
    Some(number(value < 0, format!("{prefix}{digits}"), spec, spec.precision.is_none()))
}

fn float(verb: char, spec: Spec, value: f64) -> Option<String> {
    let magnitude = value.abs();
    let digits = match verb {
        'v' | 'g' => general(magnitude, spec.precision),
        'G' => general(magnitude, spec.precision).to_uppercase(),
        'f' | 'F' => format!("{magnitude:.*}", spec.precision.unwrap_or(6)),
        'e' => go_exponent(&format!("{magnitude:.*e}", spec.precision.unwrap_or(6))),
        'E' => go_exponent(&format!("{magnitude:.*e}", spec.precision.unwrap_or(6))).to_uppercase(),
        _ => return None,
    };
    Some(number(value.is_sign_negative() && !value.is_nan(), digits, spec, value.is_finite()))
}

/// A float as Go's `%v`: the fewest digits that read back as the same number.
pub(super) fn shortest_float(value: f64) -> String {
    let sign = if value.is_sign_negative() && !value.is_nan() { "-" } else { "" };
    sign.to_owned() + &general(value.abs(), None)
}

/// `%g`: as an exponent when that is below -4 or not below the precision, which counts as 6 when the
/// fewest digits are wanted (`strconv/ftoa.go`): the
/// number 1234567 out of `fromJson` prints as `1.234567e+06`.
fn general(value: f64, precision: Option<usize>) -> String {
    if value.is_infinite() {
        return "+Inf".to_owned();
    }
    if value.is_nan() {
        return "NaN".to_owned();
    }
    let scientific = match precision {
        None => format!("{value:e}"),
        Some(digits) => format!("{value:.*e}", digits.max(1) - 1),
    };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let trimmed = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    let limit = precision.map_or(6, |digits| i32::try_from(digits.max(1)).unwrap_or(i32::MAX));
    // Digits after the first; enough of them keep a whole number whole.
    let digits = mantissa.chars().filter(char::is_ascii_digit).count();
    if exponent < -4 || exponent >= limit {
        return go_exponent(&format!("{}e{exponent}", trimmed(mantissa)));
    }
    let decimals =
        usize::try_from(i32::try_from(digits).unwrap_or_default() - 1 - exponent).unwrap_or_default();
    trimmed(&format!("{value:.decimals$}"))
}

/// Rust writes `1e6`, Go `1e+06`.
fn go_exponent(scientific: &str) -> String {
    match scientific.split_once('e') {
        Some((mantissa, exponent)) => {
            let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
            format!("{mantissa}e{sign}{digits:0>2}")
        }
        None => scientific.to_owned(),
    }
}

fn string(verb: char, spec: Spec, text: &str) -> Option<String> {
    let cut: String = match spec.precision {
        Some(length) => text.chars().take(length).collect(),
        None => text.to_owned(),
    };
    let hex = |digit: fn(u8) -> String, prefix: &str| {
        let bytes = &text.as_bytes()[..spec.precision.unwrap_or(text.len()).min(text.len())];
        let separator = if spec.space { " " } else { "" };
        let each = if spec.sharp && spec.space { prefix } else { "" };
        let first = if spec.sharp && !spec.space && !bytes.is_empty() { prefix } else { "" };
        let digits: Vec<String> = bytes.iter().map(|byte| each.to_owned() + &digit(*byte)).collect();
        first.to_owned() + &digits.join(separator)
    };
    let written = match verb {
        // `%#v` is a text as Go source has it.
        'v' if spec.sharp => quote(&cut, '"'),
        's' | 'v' => cut,
        'q' if spec.sharp && !cut.contains('`') && !cut.chars().any(char::is_control) => format!("`{cut}`"),
        'q' => quote(&cut, '"'),
        'x' => hex(|byte| format!("{byte:02x}"), "0x"),
        'X' => hex(|byte| format!("{byte:02X}"), "0X"),
        _ => return None,
    };
    Some(pad(written, spec))
}

/// A Go literal of the text.
fn quote(text: &str, quote: char) -> String {
    let mut literal = String::from(quote);
    for c in text.chars() {
        match c {
            '\u{7}' => literal.push_str("\\a"),
            '\u{8}' => literal.push_str("\\b"),
            '\u{c}' => literal.push_str("\\f"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\u{b}' => literal.push_str("\\v"),
            '\\' => literal.push_str("\\\\"),
            c if c == quote => literal.extend(['\\', c]),
            c if c < ' ' || c == '\u{7f}' => literal.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => literal.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => literal.push(c),
        }
    }
    literal.push(quote);
    literal
}
