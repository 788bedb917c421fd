//! Coverage as a table: a line for what is read, written, called or patched, a column for each way and moment.

use super::{Cell, Coverage, Deed, Kind, Moment, Path, Privilege, Reasons};
use std::collections::BTreeMap;
use std::io::{self, Write};

/// The columns: state, and the way of the value with the moment.
const COLUMNS: [(Privilege, Option<(Path, Moment)>); 10] = {
    use Moment::{After, Before};
    use Path::{Page, Trap};
    use Privilege::{Problem, Supervisor};
    [
        (Supervisor, None),
        (Supervisor, Some((Trap, Before))),
        (Supervisor, Some((Trap, After))),
        (Supervisor, Some((Page, Before))),
        (Supervisor, Some((Page, After))),
        (Problem, None),
        (Problem, Some((Trap, Before))),
        (Problem, Some((Trap, After))),
        (Problem, Some((Page, Before))),
        (Problem, Some((Page, After))),
    ]
};

const WIDTH: usize = 7;

const HEADER: &str = "\
Scripts that reach each cell. A value is read (written) in supervisor or problem state, having been written (to be read) by an
instruction, `trap`, or through the page, without an exit in between or with one. `alone`: the state refuses the access, or there
is no other end. (n): no case, for the reason n below. Empty: there is no such cell.
";

/// Prints the table and the reasons.
///
/// # Errors
/// What writing says.
pub fn print(out: &mut dyn Write, coverage: &Coverage, reasons: &Reasons) -> io::Result<()> {
    let mut lines: BTreeMap<(Kind, &str, Deed), BTreeMap<usize, String>> = BTreeMap::new();
    for (cell, cases) in &coverage.reached {
        let column = COLUMNS.iter().position(|column| *column == (cell.privilege, cell.travel));
        let text = if cases.is_empty() { excuse(reasons, cell) } else { cases.len().to_string() };
        if let Some(column) = column {
            lines.entry((cell.kind, &cell.name, cell.deed)).or_default().insert(column, text);
        }
    }
    writeln!(out, "{HEADER}")?;
    let name = |(kind, name, deed): &(Kind, &str, Deed)| match (kind, deed) {
        (Kind::Spr, Deed::Read) => format!("mfspr {name}"),
        (Kind::Spr, _) => format!("mtspr {name}"),
        (Kind::Field, Deed::Read) => format!("page.{name}"),
        (Kind::Field, _) => format!("page.{name} ="),
        (Kind::Hypercall, _) => format!("hcall {name}"),
        (Kind::Patch, Deed::With(gpr)) => format!("patched {name}, r{gpr}"),
        (Kind::Patch, _) => format!("patched {name}"),
    };
    let width = lines.keys().map(|line| name(line).len()).max().unwrap_or(0);
    let state = 5 * (WIDTH + 1);
    writeln!(out, "{:width$} {:<state$} problem state", "", " supervisor")?;
    let half = format!("{:>WIDTH$} {:<15} {:<15} ", "", "  trap", "  page");
    writeln!(out, "{:width$} {half}{}", "", half.trim_end())?;
    let half = format!(
        "{:>WIDTH$} {:>WIDTH$} {:>WIDTH$} {:>WIDTH$} {:>WIDTH$} ",
        "alone", "before", "after", "before", "after"
    );
    writeln!(out, "{:width$} {half}{}", "", half.trim_end())?;
    for (line, columns) in &lines {
        let mut row = format!("{:width$}", name(line));
        for column in 0..COLUMNS.len() {
            row += &format!(" {:>WIDTH$}", columns.get(&column).map_or("", String::as_str));
        }
        writeln!(out, "{}", row.trim_end())?;
    }
    if !reasons.entries.is_empty() {
        writeln!(out)?;
    }
    for (index, entry) in reasons.entries.iter().enumerate() {
        writeln!(out, "({}) {} [{}]", index + 1, entry.reason, entry.source)?;
    }
    Ok(())
}

/// The number of a cell's reason.
fn excuse(reasons: &Reasons, cell: &Cell) -> String {
    let found = reasons.of(cell).and_then(|reason| reasons.entries.iter().position(|entry| entry.line == reason.line));
    found.map_or_else(|| "MISSING".to_owned(), |index| format!("({})", index + 1))
}
