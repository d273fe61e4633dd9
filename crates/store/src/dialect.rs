//! The few places where the SQL of the two databases differs.
//!
//! Statements are written with numbered placeholders `?1` and lists as `= ANY(?2)`; sea-query builds the dynamic ones.

/// Turns `?1` into `$1`.
pub fn postgres(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '?' && chars.peek().is_some_and(char::is_ascii_digit) {
            out.push('$');
        } else {
            out.push(c);
        }
    }
    out
}

/// Turns `= ANY(?n)` into a look-up in the JSON list bound there.
pub fn sqlite(sql: &str) -> String {
    const ANY: &str = "= ANY(";
    let mut out = String::with_capacity(sql.len() + 32);
    let mut rest = sql;
    while let Some(at) = rest.find(ANY) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let after = &after[ANY.len()..];
        let end = after.find(')').unwrap_or(after.len());
        out.push_str("IN (SELECT value FROM json_each(");
        out.push_str(&after[..end]);
        out.push_str("))");
        rest = after.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn placeholders_and_lists() {
        let sql = "SELECT a FROM t WHERE b = ANY(?2) AND c = ?1 AND d = ANY(?3)";
        assert_eq!(
            super::postgres(sql),
            "SELECT a FROM t WHERE b = ANY($2) AND c = $1 AND d = ANY($3)"
        );
        assert_eq!(
            super::sqlite(sql),
            "SELECT a FROM t WHERE b IN (SELECT value FROM json_each(?2)) AND c = ?1 AND d IN (SELECT value FROM json_each(?3))"
        );
    }
}
