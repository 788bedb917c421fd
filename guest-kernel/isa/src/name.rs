//! Names in tables, compared at build time.

/// Whether two names are the same; `==` of strings cannot be evaluated in a constant.
#[must_use]
pub const fn is_equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut index = 0;
    while index < a.len() {
        if a[index] != b[index] {
            return false;
        }
        index += 1;
    }
    true
}
