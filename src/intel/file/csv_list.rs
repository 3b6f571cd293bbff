//! CSV lists. The indicators are in the column named url, indicator or domain, or else in the first column.

use csv::{ReaderBuilder, StringRecord, Trim};

use super::entry::{BadEntry, Entries, Entry};
use super::indicator::{Indicator, parse};

/// The columns that can hold indicators. A row may fill any of them; the first one with a value counts.
const COLUMNS: [&str; 3] = ["url", "indicator", "domain"];
/// The columns that can hold the kind of a row's indicator.
const KINDS: [&str; 3] = ["type", "indicator type", "indicator_type"];
/// The kinds of indicators that a url can match, in the spellings of common exports.
const MATCHING: [&str; 13] = [
    "url",
    "uri",
    "urls",
    "domain",
    "domains",
    "domain-name",
    "domainname",
    "hostname",
    "host",
    "fqdn",
    "ip",
    "ipv4",
    "ipv6",
];

struct Columns {
    indicators: Vec<usize>,
    kind: Option<usize>,
    tags: Option<usize>,
}

pub(super) fn entries(text: &str) -> Result<Entries, BadEntry> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let mut entries = Entries::default();
    let mut columns: Option<Columns> = None;
    let mut row = StringRecord::new();
    loop {
        let line = match reader.read_record(&mut row) {
            Ok(true) => row.position().map_or(0, csv::Position::line),
            Ok(false) => break,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                return Err(BadEntry {
                    line: usize::try_from(line).unwrap_or(usize::MAX),
                    what: format!("not CSV: {error}"),
                });
            }
        };
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let columns = match &columns {
            Some(columns) => columns,
            None => {
                let header = header(&row);
                let named = header.is_some();
                let first = columns.insert(header.unwrap_or(Columns {
                    indicators: vec![0],
                    kind: None,
                    tags: None,
                }));
                // Without a known column name, the first row is a header only if its first cell is not an indicator.
                if named || parse(row.get(0).unwrap_or_default()).is_err() {
                    continue;
                }
                first
            }
        };
        entry(&row, line, columns, &mut entries)?;
    }
    Ok(entries)
}

fn entry(
    row: &StringRecord,
    line: usize,
    columns: &Columns,
    entries: &mut Entries,
) -> Result<(), BadEntry> {
    let filled = |column: &usize| row.get(*column).filter(|cell| !cell.is_empty());
    let Some(written) = columns.indicators.iter().find_map(filled) else {
        if row.iter().all(str::is_empty) {
            return Ok(());
        }
        return Err(BadEntry {
            line,
            what: "no url, indicator or domain in this row".to_owned(),
        });
    };
    let kind = columns
        .kind
        .as_ref()
        .and_then(filled)
        .map(str::to_ascii_lowercase);
    if kind.is_some_and(|kind| !MATCHING.contains(&kind.as_str())) {
        entries.others += 1;
        return Ok(());
    }
    match parse(written).map_err(|what| BadEntry { line, what })? {
        Indicator::Other => entries.others += 1,
        Indicator::Key(key) => {
            let tags = columns.tags.as_ref().and_then(filled).unwrap_or_default();
            let tags = tags
                .split([',', ';', '|'])
                .map(str::trim)
                .filter(|tag| !tag.is_empty());
            entries.listed.push(Entry {
                line,
                key,
                tags: tags.map(str::to_owned).collect(),
            });
        }
    }
    Ok(())
}

fn header(row: &StringRecord) -> Option<Columns> {
    let named = |name: &str| row.iter().position(|cell| cell.eq_ignore_ascii_case(name));
    let indicators: Vec<usize> = COLUMNS.into_iter().filter_map(named).collect();
    (!indicators.is_empty()).then(|| Columns {
        indicators,
        kind: KINDS.into_iter().find_map(named),
        tags: named("tags"),
    })
}

/// Detects the delimiter from the first row, since spreadsheets in many countries write semicolons.
fn delimiter(text: &str) -> u8 {
    let row = text.lines().find(|line| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    let count =
        |delimiter: u8| memchr::memchr_iter(delimiter, row.unwrap_or_default().as_bytes()).count();
    [b';', b'\t']
        .into_iter()
        .find(|delimiter| count(*delimiter) > count(b','))
        .unwrap_or(b',')
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn listed(text: &str) -> Vec<(usize, String)> {
        let read = entries(text).unwrap();
        read.listed
            .iter()
            .map(|e| (e.line, e.key.to_string()))
            .collect()
    }

    #[test]
    fn the_named_column_is_read() {
        let text = "# made by hand\nfirst seen,URL,tags\n2026-01-01,hxxp://evil[.]example/a,\"x, y\"\n,https://b.example/,\n";
        let read = entries(text).unwrap();
        assert_eq!(read.listed[0].line, 3);
        assert_eq!(read.listed[0].key.to_string(), "http://evil.example/a");
        assert_eq!(read.listed[0].tags, ["x", "y"]);
        assert_eq!(read.listed[1].line, 4);
        assert_eq!(
            listed("a;Domain\n1;evil.example\n"),
            [(2, "evil.example".to_owned())]
        );
        assert_eq!(
            listed("url\tx\nhttps://a.example/?a,b\t1\n"),
            [(2, "https://a.example/?a,b".to_owned())]
        );
        assert_eq!(
            listed("domain,url\nevil.example,\nevil.example,https://evil.example/a\n"),
            [
                (2, "evil.example".to_owned()),
                (3, "https://evil.example/a".to_owned())
            ]
        );
    }

    #[test]
    fn the_first_column_is_read_when_none_is_named() {
        assert_eq!(
            listed("evil.example,1\nevil.net,2\n"),
            [(1, "evil.example".to_owned()), (2, "evil.net".to_owned())]
        );
        assert_eq!(
            listed("bad,seen\nevil.net,2\n"),
            [(2, "evil.net".to_owned())]
        );
    }

    #[test]
    fn kinds_that_no_url_can_match_are_counted() {
        let read = entries("Indicator type,Indicator,Description\nFileHash-MD5,word,\nhostname,evil.example,\nCVE,x,\n").unwrap();
        assert_eq!((read.listed.len(), read.others), (1, 2));
    }

    #[test]
    fn a_row_that_is_no_indicator_is_named() {
        let problem = entries("url\nhttps://a.example/\n\"two\nlines.example\"\n").unwrap_err();
        assert_eq!(problem.line, 3);
        let problem = entries("url,x\n,1\n").unwrap_err();
        assert_eq!(problem.line, 2);
    }
}
