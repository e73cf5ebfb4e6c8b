//! Tables in the project's documents that are input to checks.

/// The cells of the first table whose header begins with these names: one `Vec` a row, as written
/// but without the code marks.
pub(crate) fn table(text: &str, header: &[&str]) -> Result<Vec<Vec<String>>, String> {
    let mut lines = text.lines();
    lines
        .find(|line| {
            cells(line)
                .is_some_and(|cells| cells.iter().map(String::as_str).eq(header.iter().copied()))
        })
        .ok_or_else(|| format!("no table with the columns {}", header.join(" | ")))?;
    // The line of dashes.
    lines.next();
    lines
        .map_while(cells)
        .map(|row| {
            if row.len() == header.len() {
                Ok(row)
            } else {
                Err(format!(
                    "a row of {} cells under {} columns: {}",
                    row.len(),
                    header.len(),
                    row.join(" | ")
                ))
            }
        })
        .collect()
}

fn cells(line: &str) -> Option<Vec<String>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(
        inner
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn the_table_with_the_header_is_found_and_ends_at_the_first_other_line() {
        let text = "| a | b |\n|---|---|\n| x | y |\n\n| n | m |\n|---|---|\n| `1` | |\n| 2 | z |\nend\n| 3 | |";
        assert_eq!(table(text, &["n", "m"]).unwrap(), [["1", ""], ["2", "z"]]);
    }

    #[test]
    fn a_missing_table_and_a_crooked_row_are_errors() {
        assert!(table("| a |\n|---|\n", &["b"]).is_err());
        assert!(table("| a | b |\n|---|---|\n| x |\n", &["a", "b"]).is_err());
    }
}
