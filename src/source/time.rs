//! Times as services write them.

use chrono::{DateTime, NaiveDateTime, SubsecRound, Utc};

/// A moment as Graph, Log Analytics or a provider writes it, to the millisecond; none for what is no time, and for
/// the year 1, which stands for "none" in alerts.
///
/// Graph has been seen to leave out the `T` (`2021-03-1706:47:05.123Z`).
pub fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let at = DateTime::parse_from_rfc3339(text)
        .map(|at| at.to_utc())
        .ok()
        .or_else(|| local(text))
        .or_else(|| {
            let (day, time) = text.split_at_checked(10)?;
            let fixed = format!("{day}T{}", time.trim_start());
            DateTime::parse_from_rfc3339(&fixed)
                .map(|at| at.to_utc())
                .ok()
                .or_else(|| local(&fixed))
        })?;
    (at.timestamp() > -62_000_000_000).then(|| at.trunc_subsecs(3))
}

/// A time without a zone, which is UTC.
fn local(text: &str) -> Option<DateTime<Utc>> {
    NaiveDateTime::parse_from_str(text.trim_end_matches('Z'), "%Y-%m-%dT%H:%M:%S%.f")
        .ok()
        .map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_they_come() {
        let expected = "2021-03-17T06:47:05.123Z".parse().ok();
        for text in [
            "2021-03-17T06:47:05.123Z",
            "2021-03-1706:47:05.123Z",
            "2021-03-17 06:47:05.1234567Z",
            "2021-03-17T06:47:05.1234567",
            " 2021-03-17T07:47:05.123+01:00 ",
        ] {
            assert_eq!(parse_time(text), expected, "{text}");
        }
        for text in [
            "",
            "0001-01-01T00:00:00",
            "tomorrow",
            "2021-03-17",
            "é021-03-17T06:47:05Z",
            "2021-03-1é6:47:05Z",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
