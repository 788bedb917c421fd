//! Text to tree, line by line.
//!
//! A line that is wrong is reported and becomes [`StatementKind::Broken`], which remembers the name it was to define;
//! the next line is read as if nothing had happened. So one reading finds the mistakes of every line, and a mistake is
//! not reported again by each line that uses its name. Written by hand, because the wording of what was expected is
//! most of the work and a parser combinator does not help with it.

mod cursor;
mod expression;
mod header;
pub(super) mod instruction;
mod step;

use super::ast::{Block, BlockHeader, Expect, Header, Name, Statement, StatementKind, Tree};
use super::diagnostic::Diagnostic;
use super::lexer::{self, Line};
use super::limit;
use super::names::{Place, WORDS};
use super::span::Span;
use cursor::{Cursor, Parsed};

/// Reads a file; what is wrong goes to `errors`, of which there can be [`limit::MISTAKES`] before the rest is not read.
pub(super) fn parse(text: &str, errors: &mut Vec<Diagnostic>) -> Tree {
    let lines = lexer::lines(text, errors);
    let mut parser = Parser { text, errors, header: Header::default(), in_header: true, open: Vec::new(), too_deep: 0 };
    parser.header.prose = prose(text, &lines);
    let mut body = Vec::new();
    for line in &lines {
        if parser.errors.len() >= limit::MISTAKES {
            return Tree::default();
        }
        if let Some(statement) = parser.line(line) {
            parser.open.last_mut().map_or(&mut body, |block| &mut block.body).push(statement);
        }
    }
    while let Some(open) = parser.open.pop() {
        let place = Diagnostic::error("this block is not closed").at(open.span, "");
        parser.errors.push(place.help("a line with `}` closes it"));
        let statement = open.close(lines.last().map_or(1, |line| line.number));
        parser.open.last_mut().map_or(&mut body, |block| &mut block.body).push(statement);
    }
    Tree { header: parser.header, body }
}

/// The comment at the beginning of the file.
fn prose(text: &str, lines: &[Line]) -> String {
    let empty = |line: &&Line| line.tokens.is_empty() && line.comment.is_none();
    let comments = lines.iter().skip_while(empty).map_while(|line| line.comment.filter(|_| line.tokens.is_empty()));
    let texts: Vec<_> = comments.map(|span| span.text(text).trim()).collect();
    texts.join("\n").trim().to_owned()
}

struct OpenBlock {
    header: BlockHeader,
    line: u32,
    span: Span,
    body: Vec<Statement>,
}

impl OpenBlock {
    fn close(self, end_line: u32) -> Statement {
        let block = Block { header: self.header, span: self.span, body: self.body, end_line };
        Statement { line: self.line, kind: StatementKind::Block(block) }
    }
}

/// What a line turned out to be.
enum Read {
    Nothing,
    Statement(StatementKind),
    Open(BlockHeader),
    Close,
    /// `} else {`: closes a block and opens one that is wrong.
    Reopen,
}

struct Parser<'a> {
    text: &'a str,
    errors: &'a mut Vec<Diagnostic>,
    header: Header,
    in_header: bool,
    open: Vec<OpenBlock>,
    /// Blocks open beyond [`limit::BLOCK_DEPTH`]; their lines are read as those of the last one within it.
    too_deep: usize,
}

impl Parser<'_> {
    /// Reads one line; gives a statement that is complete with it.
    fn line(&mut self, line: &Line) -> Option<Statement> {
        if line.broken {
            self.header.broken |= self.in_header;
        }
        let Some(first) = line.tokens.first() else {
            return line.broken.then_some(Statement { line: line.number, kind: StatementKind::Broken(None) });
        };
        let span = line.tokens.last().map_or(first.span, |last| first.span.to(last.span));
        let mut cursor = Cursor::new(self.text, line);
        // The line above has been told that this brace belongs there.
        let told = |block: &OpenBlock| matches!(block.header, BlockHeader::Broken(_)) && block.body.is_empty();
        if cursor.is_lone_brace() && self.open.last().is_some_and(told) {
            return None;
        }
        let read = if line.broken { Ok(broken(&mut cursor)) } else { self.read(&mut cursor) };
        self.errors.append(&mut cursor.mistakes);
        let read = read.unwrap_or_else(|error| {
            self.errors.push(error);
            broken(&mut Cursor::new(self.text, line))
        });
        match read {
            Read::Nothing => None,
            Read::Statement(kind) => Some(Statement { line: line.number, kind }),
            Read::Open(header) => {
                self.open(header, line.number, span);
                None
            }
            Read::Close => self.close_last(line.number, first.span),
            Read::Reopen => {
                let closed = self.close_last(line.number, first.span);
                self.open(BlockHeader::Broken(None), line.number, span);
                closed
            }
        }
    }

    fn close_last(&mut self, line: u32, brace: Span) -> Option<Statement> {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return None;
        }
        let Some(block) = self.open.pop() else {
            self.errors.push(Diagnostic::error("this brace closes nothing").at(brace, "no block is open"));
            return None;
        };
        Some(self.close(block, line))
    }

    fn open(&mut self, header: BlockHeader, line: u32, span: Span) {
        if self.open.len() < limit::BLOCK_DEPTH {
            self.open.push(OpenBlock { header, line, span, body: Vec::new() });
            return;
        }
        if self.too_deep == 0 {
            let message = format!("blocks are nested at most {} deep", limit::BLOCK_DEPTH);
            self.errors.push(Diagnostic::error(message).at(span, "one level too many"));
        }
        self.too_deep += 1;
    }

    fn close(&mut self, block: OpenBlock, line: u32) -> Statement {
        if block.body.is_empty() {
            self.errors.push(Diagnostic::error("this block is empty").at(block.span, "does nothing"));
        }
        block.close(line)
    }

    fn read(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Read> {
        if cursor.eat("}") {
            let help = match cursor.peek_word() {
                Some("else") => "a block of its own, `on not FEATURE {`, is for the other targets",
                _ => "a closing brace has a line of its own",
            };
            return cursor.end().map(|()| Read::Close).map_err(|error| error.help(help));
        }
        if let Some(name) = cursor.observation() {
            header::may_be_given(&name)?;
            let step = cursor.step(Some(name))?;
            // What is wrong may have been meant for the header: `param = SPRG0`.
            self.in_header = false;
            return Ok(Read::Statement(StatementKind::Step(Box::new(step))));
        }
        if let Some(name) = cursor.misnamed() {
            header::may_be_given(&name)?;
        }
        let word = cursor.peek_word().unwrap_or_default();
        let place = WORDS.iter().find(|(known, _)| *known == word).map(|(_, place)| *place);
        if place == Some(Place::Header) {
            if self.in_header {
                return self.header_line(cursor);
            }
            self.header.unknown.extend(cursor.parameter_name());
            self.header.needs_more |= word == "needs";
            return Err(Diagnostic::error(format!("`{word}` belongs in the header"))
                .at(cursor.here(), "comes after a step")
                .help("the header's lines come before the first step"));
        }
        // An unknown word may have been meant for the header, as far as one can tell.
        if self.in_header && place.is_none() {
            self.header.broken = true;
            self.header.needs_more = true;
            self.header.unknown.extend(cursor.name_of_definition());
        }
        self.in_header &= place.is_none();
        match (place, word) {
            (Some(Place::Block), _) => Ok(Read::Open(cursor.block_header()?)),
            (_, "expect") => Ok(Read::Statement(StatementKind::Expect(cursor.expectation()?))),
            _ => Ok(Read::Statement(StatementKind::Step(Box::new(cursor.step(None)?)))),
        }
    }
}

impl Parser<'_> {
    fn header_line(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Read> {
        let (parameter, is_needs) = (cursor.parameter_name(), cursor.next_is_word("needs"));
        let found = cursor.header_line(&mut self.header);
        if found.is_err() || !self.header.mistakes.is_empty() {
            self.header.broken = true;
            self.header.needs_more |= is_needs;
            self.errors.append(&mut self.header.mistakes);
            self.header.unknown.extend(parameter);
        }
        found.map(|()| Read::Nothing)
    }
}

/// What can be made of a line that is wrong: the block it opens or closes, the name it defines.
fn broken(cursor: &mut Cursor<'_>) -> Read {
    if cursor.closes() {
        return if cursor.opens() { Read::Reopen } else { Read::Close };
    }
    if cursor.is_lone_brace() {
        return Read::Nothing;
    }
    if cursor.opens() || cursor.forgot_to_open() {
        let variable = if cursor.eat_word("for") { cursor.word("a name").ok() } else { None };
        return Read::Open(BlockHeader::Broken(variable));
    }
    Read::Statement(StatementKind::Broken(cursor.observation()))
}

impl Cursor<'_> {
    fn block_header(&mut self) -> Parsed<BlockHeader> {
        let word = self.word("a block")?;
        let header = match word.text.as_str() {
            "user" => BlockHeader::User,
            "in" if self.eat_word("privilege") => BlockHeader::Privilege,
            "in" => return Err(self.expected("`privilege`")),
            "race" if self.eat_word("hold") => BlockHeader::Race(None),
            "race" => BlockHeader::Race(Some(self.value_of("the number of rounds, or `hold`")?)),
            "for" => {
                let variable = self.new_name()?;
                if !self.eat_word("in") {
                    return Err(self.expected("`in`"));
                }
                BlockHeader::For { variable, values: self.values(&["{"])? }
            }
            _ => {
                let present = !self.eat_word("not");
                let (feature, _) = self.feature()?;
                BlockHeader::On { feature, present }
            }
        };
        self.expect("{").map_err(|error| error.help("the brace that opens a block ends its line"))?;
        let found = self.end();
        found.map(|()| header).map_err(|error| error.help("the lines of a block begin on the next line"))
    }

    fn expectation(&mut self) -> Parsed<Expect> {
        let word = self.here();
        self.eat_word("expect");
        if self.is_at_end() {
            return Err(self.expected("a condition"));
        }
        let condition = self.condition()?;
        let rule: Option<Name> = if self.eat_word("by") { Some(self.rule_id()?) } else { None };
        if self.is_at_end() {
            return Ok(Expect { condition, rule });
        }
        if rule.is_some() {
            return self.end().map(|()| Expect { condition, rule });
        }
        let found = self.expected("`and`, `or`, `by` or the end of the line");
        // `expect a = b`, as many languages have it, and some have `=<`.
        let instead = [("<", "<="), (">", ">=")].into_iter().find(|(second, _)| self.second_is(second));
        let instead = instead.map_or("==", |(_, instead)| instead);
        let help = self.next_is("=").then(|| format!("values are compared with `{instead}`"));
        Err(found.at(word, "in this expectation").maybe_help(help))
    }
}
