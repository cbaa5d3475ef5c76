//! Reading expressions: a small recursive-descent grammar over quantities.
//!
//! ```text
//! sum     = product { (+|-) product }
//! product = unary { (*|/) unary }
//! unary   = [-|+] power
//! power   = atom [ ^ unary ]
//! atom    = number [unit] | name | name ( sum { , sum } ) | ( sum ) [unit]
//! unit    = symbol { (/|*|·) (symbol | ( unit )) } with ^n, bound to the number it follows
//! ```
//! `²` and `³` are `^2` and `^3`.
//! A name directly after a number is a unit; anywhere else it is a parameter or a function.

use super::{Dimension, Quantity, unit};
use std::collections::BTreeMap;

/// Longest expression accepted; longer ones are refused, not parsed.
const EXPRESSION_CHARS_MAX: usize = 1_000;
/// Deepest nesting accepted, so that a hostile text cannot overflow the stack.
const NESTING_MAX: usize = 64;

/// Why an expression has no value. Text for the person, with the place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuantityError {
    #[error("type a value, such as 12 mm or 2*width")]
    Empty,
    #[error("the expression is longer than {EXPRESSION_CHARS_MAX} characters")]
    TooLong,
    #[error("the expression is nested deeper than {NESTING_MAX} brackets")]
    TooDeep,
    #[error("'{found}' at position {at} does not belong here")]
    Unexpected { found: String, at: usize },
    #[error("the expression ends too early")]
    Ends,
    #[error("there is no parameter or function called '{0}'")]
    UnknownName(String),
    #[error("'{0}' is not a unit that Brunel knows")]
    UnknownUnit(String),
    #[error("'{0}' is a parameter, which must stand apart from a number: write {1} * {0}")]
    ParameterAsUnit(String, String),
    #[error("{left} cannot be added to or compared with {right}")]
    Mismatch { left: String, right: String },
    #[error("{function} takes {takes}")]
    Argument { function: String, takes: &'static str },
    #[error("the value is not a finite number (a division by zero, or the root of a negative number)")]
    NotFinite,
    #[error("this must be {expected}, and the expression gives {found}")]
    Dimension { expected: String, found: String },
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64, String),
    Word(String),
    Symbol(char),
}

/// A parsed expression, ready to be evaluated against parameter values.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression(Node);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Constant(Quantity),
    Name(String),
    Call(String, Vec<Node>),
    Negate(Box<Node>),
    Binary(char, Box<Node>, Box<Node>),
}

/// Position (in characters) and token.
type Placed = (usize, Token);

fn tokens(text: &str) -> Result<Vec<Placed>, QuantityError> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > EXPRESSION_CHARS_MAX {
        return Err(QuantityError::TooLong);
    }
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let c = chars[i];
        let start = i;
        if c.is_whitespace() {
            i += 1;
        } else if c.is_ascii_digit() || (c == '.' && chars.get(i + 1).is_some_and(char::is_ascii_digit)) {
            while i < chars.len() && (chars[i].is_ascii_digit() || chars[i] == '.') {
                i += 1;
            }
            // An exponent only when digits follow, so that `2 e` stays a name and `3e-5` a number.
            if i < chars.len() && (chars[i] == 'e' || chars[i] == 'E') {
                let sign = usize::from(chars.get(i + 1).is_some_and(|c| *c == '-' || *c == '+'));
                if chars.get(i + 1 + sign).is_some_and(char::is_ascii_digit) {
                    i += 1 + sign;
                    while i < chars.len() && chars[i].is_ascii_digit() {
                        i += 1;
                    }
                }
            }
            let literal: String = chars[start..i].iter().collect();
            let value = literal
                .parse::<f64>()
                .map_err(|_| QuantityError::Unexpected { found: literal.clone(), at: start + 1 })?;
            out.push((start, Token::Number(value, literal)));
        } else if c.is_alphabetic() || c == '_' || c == '°' || c == 'µ' {
            while i < chars.len() && is_word(chars[i]) {
                i += 1;
            }
            out.push((start, Token::Word(chars[start..i].iter().collect())));
        } else if c == '²' || c == '³' {
            i += 1;
            let (n, literal) = if c == '²' { (2.0, "2") } else { (3.0, "3") };
            out.push((start, Token::Symbol('^')));
            out.push((start, Token::Number(n, literal.into())));
        } else if c == '%' {
            i += 1;
            out.push((start, Token::Word("%".into())));
        } else if "+-*/^(),·×−".contains(c) {
            i += 1;
            let c = match c {
                '·' | '×' => '*',
                '−' => '-',
                c => c,
            };
            out.push((start, Token::Symbol(c)));
        } else {
            return Err(QuantityError::Unexpected { found: c.to_string(), at: start + 1 });
        }
    }
    Ok(out)
}

/// Whether a word goes on with `c`.
fn is_word(c: char) -> bool {
    (c.is_alphanumeric() && c != '²' && c != '³') || c == '_' || c == '°' || c == 'µ'
}

struct Parser {
    tokens: Vec<Placed>,
    next: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, t)| t)
    }

    fn take_symbol(&mut self, symbols: &str) -> Option<char> {
        match self.peek() {
            Some(Token::Symbol(c)) if symbols.contains(*c) => {
                let c = *c;
                self.next += 1;
                Some(c)
            }
            _ => None,
        }
    }

    fn unexpected(&self) -> QuantityError {
        match self.tokens.get(self.next) {
            None => QuantityError::Ends,
            Some((at, token)) => {
                let found = match token {
                    Token::Number(_, literal) => literal.clone(),
                    Token::Word(word) => word.clone(),
                    Token::Symbol(c) => c.to_string(),
                };
                QuantityError::Unexpected { found, at: at + 1 }
            }
        }
    }

    fn sum(&mut self) -> Result<Node, QuantityError> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(QuantityError::TooDeep);
        }
        let mut left = self.product()?;
        while let Some(op) = self.take_symbol("+-") {
            left = Node::Binary(op, Box::new(left), Box::new(self.product()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn product(&mut self) -> Result<Node, QuantityError> {
        let mut left = self.unary()?;
        while let Some(op) = self.take_symbol("*/") {
            left = Node::Binary(op, Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Node, QuantityError> {
        self.depth += 1;
        if self.depth > NESTING_MAX {
            return Err(QuantityError::TooDeep);
        }
        let node = if self.take_symbol("-").is_some() {
            if let (Some(Token::Number(value, literal)), Some((_, Token::Word(w)))) =
                (self.peek().cloned(), self.tokens.get(self.next + 1))
                && unit(w).is_some_and(|u| u.offset != 0.0)
            {
                // The sign of `-20 °C` belongs to the reading of the thermometer.
                self.next += 1;
                self.units(-value, &literal)?
            } else {
                Node::Negate(Box::new(self.unary()?))
            }
        } else if self.take_symbol("+").is_some() {
            self.unary()?
        } else {
            let base = self.atom()?;
            if self.take_symbol("^").is_some() {
                Node::Binary('^', Box::new(base), Box::new(self.unary()?))
            } else {
                base
            }
        };
        self.depth -= 1;
        Ok(node)
    }

    fn atom(&mut self) -> Result<Node, QuantityError> {
        match self.peek().cloned() {
            Some(Token::Number(value, literal)) => {
                self.next += 1;
                self.units(value, &literal)
            }
            Some(Token::Word(name)) => {
                self.next += 1;
                if self.take_symbol("(").is_none() {
                    return Ok(Node::Name(name));
                }
                let mut arguments = vec![self.sum()?];
                while self.take_symbol(",").is_some() {
                    arguments.push(self.sum()?);
                }
                self.close()?;
                Ok(Node::Call(name, arguments))
            }
            Some(Token::Symbol('(')) => {
                self.next += 1;
                let inner = self.sum()?;
                self.close()?;
                // `(2 + 3) mm`
                if matches!(self.peek(), Some(Token::Word(w)) if unit(w).is_some_and(|u| u.offset == 0.0)) {
                    let factor = self.units(1.0, "1")?;
                    return Ok(Node::Binary('*', Box::new(inner), Box::new(factor)));
                }
                Ok(inner)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn close(&mut self) -> Result<(), QuantityError> {
        if self.take_symbol(")").is_some() { Ok(()) } else { Err(self.unexpected()) }
    }

    /// The units bound to the number just read: `N`, `N*m`, `kg/m^3`, `1/K`.
    fn units(&mut self, value: f64, literal: &str) -> Result<Node, QuantityError> {
        // `12e-6 1/K`: nothing else may follow a number with a number.
        if let (Some((_, Token::Number(1.0, _))), Some((_, Token::Symbol('/'))), Some((_, Token::Word(w)))) =
            (self.tokens.get(self.next), self.tokens.get(self.next + 1), self.tokens.get(self.next + 2))
            && unit(w).is_some()
        {
            self.next += 2;
            let (factor, dimension) = self.unit_product(-1, 0)?;
            return Ok(Node::Constant(Quantity::new(value * factor, dimension)));
        }
        let Some(Token::Word(first)) = self.peek().cloned() else {
            return Ok(Node::Constant(Quantity::new(value, Dimension::NONE)));
        };
        let Some(found) = unit(&first) else {
            // `2 width` reads like a unit; say what to write instead.
            return Err(if first.len() > 3 || first.contains('_') {
                QuantityError::ParameterAsUnit(first, literal.into())
            } else {
                QuantityError::UnknownUnit(first)
            });
        };
        let from = self.next;
        let (factor, dimension) = self.unit_product(1, 0)?;
        // Only a scale's own reading has its zero: per degree is per kelvin.
        let offset = if self.next == from + 1 { found.offset } else { 0.0 };
        Ok(Node::Constant(Quantity::new(value * factor + offset, dimension)))
    }

    /// Factor to SI and dimension of `N`, `N*m`, `W/(m^2*K)`; the next token is a unit, taken to the power of `first`.
    fn unit_product(&mut self, first: i8, depth: usize) -> Result<(f64, Dimension), QuantityError> {
        let (mut factor, mut dimension) = self.unit_power(first)?;
        // A following `* word` or `/ word` is a compound unit only while the word is a unit.
        while let Some((_, Token::Symbol(op @ ('*' | '/')))) = self.tokens.get(self.next) {
            let sign = if *op == '/' { -1 } else { 1 };
            let is_unit = |at: usize| matches!(self.tokens.get(at), Some((_, Token::Word(w))) if unit(w).is_some());
            let opens = matches!(self.tokens.get(self.next + 1), Some((_, Token::Symbol('('))));
            let (f, d) = if is_unit(self.next + 1) {
                // `3 mm * h` with a parameter h: names that are units are reserved, so this is unambiguous.
                self.next += 1;
                self.unit_power(sign)?
            } else if opens
                && is_unit(self.next + 2)
                && self.tokens.get(self.next + 3).is_some_and(|t| t.1 != Token::Symbol('('))
            {
                if depth == NESTING_MAX {
                    return Err(QuantityError::TooDeep);
                }
                self.next += 2;
                let (f, d) = self.unit_product(1, depth + 1)?;
                self.close()?;
                (f.powi(sign.into()), d.power(sign).ok_or(QuantityError::NotFinite)?)
            } else {
                break;
            };
            factor *= f;
            dimension = dimension.times(d).ok_or(QuantityError::NotFinite)?;
        }
        Ok((factor, dimension))
    }

    /// One unit with its exponent, to the power of `sign`.
    fn unit_power(&mut self, sign: i8) -> Result<(f64, Dimension), QuantityError> {
        let Some(Token::Word(word)) = self.peek() else { return Err(self.unexpected()) };
        let Some(found) = unit(word) else { return Err(QuantityError::UnknownUnit(word.clone())) };
        self.next += 1;
        let exponent = sign * self.unit_exponent();
        let dimension = found.dimension.power(exponent).ok_or(QuantityError::NotFinite)?;
        Ok((found.factor.powi(exponent.into()), dimension))
    }

    fn unit_exponent(&mut self) -> i8 {
        let negative = usize::from(matches!(self.tokens.get(self.next + 1), Some((_, Token::Symbol('-')))));
        if let (Some((_, Token::Symbol('^'))), Some((_, Token::Number(n, _)))) =
            (self.tokens.get(self.next), self.tokens.get(self.next + 1 + negative))
            && n.fract() == 0.0
            && *n <= 9.0
        {
            let n = *n as i8;
            self.next += 2 + negative;
            return if negative == 1 { -n } else { n };
        }
        1
    }
}

/// Parses without evaluating.
///
/// # Errors
/// [`QuantityError`], with the place in the text.
pub fn parse(text: &str) -> Result<Expression, QuantityError> {
    // Spreadsheet habit: a leading `=` is allowed and means nothing.
    let text = text.trim();
    let text = text.strip_prefix('=').unwrap_or(text);
    let tokens = tokens(text)?;
    if tokens.is_empty() {
        return Err(QuantityError::Empty);
    }
    let mut parser = Parser { tokens, next: 0, depth: 0 };
    let node = parser.sum()?;
    if parser.peek().is_some() {
        return Err(parser.unexpected());
    }
    Ok(Expression(node))
}

/// Value of `text` in SI; `lookup` gives the value of a parameter.
///
/// ```
/// use solver::quantity::{evaluate, Dimension, Quantity};
/// let width = |name: &str| (name == "width").then_some(Quantity::new(0.02, Dimension::LENGTH));
/// let q = evaluate("2*width + 3 mm", &width).unwrap();
/// assert!((q.value - 0.043).abs() < 1e-15);
/// assert_eq!(q.dimension, Dimension::LENGTH);
/// ```
///
/// # Errors
/// [`QuantityError`], in words for the person who typed it.
pub fn evaluate(text: &str, lookup: &dyn Fn(&str) -> Option<Quantity>) -> Result<Quantity, QuantityError> {
    parse(text)?.evaluate(lookup)
}

/// Names of the parameters an expression uses, in order of appearance, each once.
pub fn names(text: &str) -> Vec<String> {
    let Ok(expression) = parse(text) else { return Vec::new() };
    let mut out = Vec::new();
    expression.0.names(&mut out);
    out
}

/// `text` with every use of parameter `from` replaced by `to`; spacing is kept. Unparseable text is returned as it is.
pub fn rename(text: &str, from: &str, to: &str) -> String {
    rename_with(text, &|name| (name == from).then(|| to.to_owned()))
}

/// `text` with the parameters it uses renamed, all at once, so that two names may change places; `to` gives the new name
/// of a parameter, or `None` to leave it. Spacing is kept, and unparseable text returned as it is.
pub fn rename_with(text: &str, to: &dyn Fn(&str) -> Option<String>) -> String {
    let new: BTreeMap<String, String> = names(text).into_iter().filter_map(|n| to(&n).map(|new| (n, new))).collect();
    if new.is_empty() {
        return text.into();
    }
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut i = 0;
    while i < chars.len() {
        if !is_word(chars[i]) {
            out.push(chars[i]);
            i += 1;
            continue;
        }
        let start = i;
        while i < chars.len() && is_word(chars[i]) {
            i += 1;
        }
        let word: String = chars[start..i].iter().collect();
        out.push_str(new.get(&word).unwrap_or(&word));
    }
    out
}

impl Expression {
    /// Places of the points of each `table(name, …)` in it, SI, and whether it is one such table and no more.
    pub fn tables(&self, name: &str, lookup: &dyn Fn(&str) -> Option<Quantity>) -> (Vec<Vec<f64>>, bool) {
        let mut out = Vec::new();
        self.0.tables(name, lookup, &mut out);
        let alone = matches!(&self.0, Node::Call(f, v) if f == "table" && v.first() == Some(&Node::Name(name.into())));
        (out, alone)
    }

    /// # Errors
    /// [`QuantityError`]
    pub fn evaluate(&self, lookup: &dyn Fn(&str) -> Option<Quantity>) -> Result<Quantity, QuantityError> {
        let quantity = self.0.evaluate(lookup)?;
        if quantity.value.is_finite() { Ok(quantity) } else { Err(QuantityError::NotFinite) }
    }
}

impl Node {
    fn tables(&self, name: &str, lookup: &dyn Fn(&str) -> Option<Quantity>, out: &mut Vec<Vec<f64>>) {
        match self {
            Self::Constant(_) | Self::Name(_) => {}
            Self::Call(function, arguments) => {
                if let ("table", [Self::Name(over), points @ ..]) = (function.as_str(), arguments.as_slice())
                    && over == name
                {
                    let places = points.iter().step_by(2).filter_map(|p| Some(p.evaluate(lookup).ok()?.value));
                    out.extend(Some(places.collect::<Vec<_>>()).filter(|p| !p.is_empty()));
                }
                arguments.iter().for_each(|a| a.tables(name, lookup, out));
            }
            Self::Negate(inner) => inner.tables(name, lookup, out),
            Self::Binary(_, a, b) => {
                a.tables(name, lookup, out);
                b.tables(name, lookup, out);
            }
        }
    }

    fn names(&self, out: &mut Vec<String>) {
        match self {
            Self::Constant(_) => {}
            Self::Name(name) => {
                if name != "pi" && !out.contains(name) {
                    out.push(name.clone());
                }
            }
            Self::Call(_, arguments) => arguments.iter().for_each(|a| a.names(out)),
            Self::Negate(inner) => inner.names(out),
            Self::Binary(_, a, b) => {
                a.names(out);
                b.names(out);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Result<f64, String> {
        let lookup = |name: &str| match name {
            "width" => Some(Quantity::new(0.02, Dimension::LENGTH)),
            "n" => Some(Quantity::new(4.0, Dimension::NONE)),
            _ => None,
        };
        evaluate(text, &lookup).map(|q| q.value).map_err(|e| e.to_string())
    }

    #[test]
    fn reads_what_engineers_type() {
        let cases = [
            ("12 mm", 0.012),
            ("12mm", 0.012),
            ("0.5 in", 0.0127),
            ("35.6 kN", 35_600.0),
            ("=2*width", 0.04),
            ("2*width + 3 mm", 0.043),
            ("7850 kg/m^3", 7850.0),
            ("5 N*m", 5.0),
            ("-3 mm", -0.003),
            ("3e-5 m", 3e-5),
            ("sqrt(4 mm * 9 mm)", 0.006),
            ("sin(30 deg)", 0.5),
            ("max(1 mm, width, 3 mm)", 0.02),
            ("2^3", 8.0),
            ("-2^2", -4.0),
            ("(2+3) mm", 0.005),
            ("20 degC", 293.15),
            ("9.81 m/s^2", 9.81),
            ("1 mm^2", 1e-6),
            ("50 %", 0.5),
            ("10 mm − 2 mm", 0.008),
            ("-20 degC", 253.15),
            ("20 °C + 80 K", 373.15),
            ("68 °F", 293.15),
            ("12 W/(m^2*K)", 12.0),
            ("12 W/(m²·K)", 12.0),
            ("12 W/(m²·°C)", 12.0),
            ("3 W/m^2/K", 3.0),
            ("12e-6 1/K", 12e-6),
            ("3 1/s * 2 s", 6.0),
            ("8 kW/(m²)", 8000.0),
            ("4 mm / (n * 2)", 0.0005),
            ("9.81 m/s²", 9.81),
            ("12e-6/(1 K)", 12e-6),
            ("table(3 s, 0 s, 1 K, 2 s, 5 K, 4 s, 7 K)", 6.0),
            // At the points themselves.
            ("table(0 s, 0 s, 1 K, 2 s, 5 K, 4 s, 7 K)", 1.0),
            ("table(2 s, 0 s, 1 K, 2 s, 5 K, 4 s, 7 K)", 5.0),
            ("table(4 s, 0 s, 1 K, 2 s, 5 K, 4 s, 7 K)", 7.0),
            ("table(9 s, 0 s, 1 K, 2 s, 5 K)", 5.0),
            ("table(-1 s, 0 s, 1 K, 2 s, 5 K)", 1.0),
        ];
        for (text, expected) in cases {
            let got = value(text);
            assert!(got.as_ref().is_ok_and(|v| (v - expected).abs() <= 1e-12 * expected.abs()), "{text}: {got:?}");
        }
    }

    #[test]
    fn refuses_with_a_reason() {
        let cases = [
            ("", "type a value, such as 12 mm or 2*width"),
            ("3 mm + 2 N", "a force cannot be added to or compared with a length"),
            ("2 width", "'width' is a parameter, which must stand apart from a number: write 2 * width"),
            ("3 zz", "'zz' is not a unit that Brunel knows"),
            ("height", "there is no parameter or function called 'height'"),
            ("3 +", "the expression ends too early"),
            ("3 mm )", "')' at position 6 does not belong here"),
            ("3 # 4", "'#' at position 3 does not belong here"),
            ("1/0", "the value is not a finite number (a division by zero, or the root of a negative number)"),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), Err(expected.to_string()), "{text}");
        }
        assert!(value(&"(".repeat(900)).is_err());
        assert!(value(&"-".repeat(900)).is_err());
        assert!(value(&"1+".repeat(900)).is_err());
    }

    #[test]
    fn renames_only_whole_names() {
        assert_eq!(rename("2*width + widths", "width", "w"), "2*w + widths");
        assert_eq!(names("2*width + max(n, 3) + pi"), ["width", "n"]);
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,80}") {
            let _ = evaluate(&text, &|_| None);
        }

        #[test]
        fn printed_values_read_back(v in -1e6..1e6f64) {
            let text = super::super::format(Quantity::new(v, Dimension::LENGTH), super::super::UnitSystem::Millimetre, 15);
            let back = evaluate(&text, &|_| None).unwrap().value;
            prop_assert!((back - v).abs() <= 1e-12 * v.abs().max(1e-9));
        }
    }
}
