//! Times, time ranges and durations, in the formats of services and people.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A time range that does not include its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The start, which is included.
    pub from: DateTime<Utc>,
    /// The end, which is not included.
    pub to: DateTime<Utc>,
}

impl Window {
    /// True when a time is in the range.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && at < self.to
    }
}

/// Formats a time in RFC 3339, in UTC, with as many decimals as it has.
pub fn format_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

/// Parses a duration such as `30d`, `12h`, `90m` or `2w`.
pub fn duration(text: &str) -> Result<TimeDelta, String> {
    let wrong = || {
        format!("`{text}` is not a length of time; write a number and m, h, d or w, such as 30d")
    };
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()]
        .parse()
        .map_err(|_| wrong())?;
    let length = match unit {
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        'w' => TimeDelta::try_weeks(number),
        _ => None,
    }
    .ok_or_else(wrong)?;
    if length < TimeDelta::minutes(1) || length > TimeDelta::days(3650) {
        return Err(format!("`{text}` is not between 1m and 3650d"));
    }
    Ok(length)
}

/// Parses a time of Microsoft Graph, Log Analytics or a provider, to the millisecond; `None` for a malformed time, and
/// for the year 1, which means "no time" in alerts.
///
/// Microsoft Graph sometimes omits the `T` (`2021-03-1706:47:05.123Z`).
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

/// Parses a time without a time zone, which is taken as UTC.
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

    #[test]
    fn lengths_of_time() {
        assert_eq!(duration("30d"), Ok(TimeDelta::days(30)));
        assert_eq!(duration("90m"), Ok(TimeDelta::minutes(90)));
        for wrong in [
            "",
            "d",
            "30",
            "-1d",
            "0h",
            "1y",
            "30 d",
            "9999999999999w",
            "１d",
            "30é",
        ] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_show_as_many_decimals_as_they_have() {
        for text in [
            "2026-10-01T00:00:00Z",
            "2026-10-01T00:00:00.120Z",
            "2026-10-01T00:00:00.123456700Z",
        ] {
            assert_eq!(format_time(text.parse().unwrap()), text);
        }
    }
}
