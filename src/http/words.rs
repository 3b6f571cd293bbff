//! Words for people about how long something takes.

use std::time::Duration;

/// A length of time in its largest fitting unit, rounded: `40 s`, `10 minutes`, `1 hour`, `2 days`.
pub fn length(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (unit, size) = match seconds {
        seconds if seconds < 119.5 => return format!("{} s", seconds.ceil()),
        seconds if seconds < 3569.5 => ("minute", 60.0),
        seconds if seconds < 172_800.0 => ("hour", 3600.0),
        _ => ("day", 86_400.0),
    };
    match (seconds / size).round() {
        1.0 => format!("1 {unit}"),
        count => format!("{count} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_told_in_its_largest_unit() {
        for (seconds, text) in [
            (0.2, "1 s"),
            (40.0, "40 s"),
            (119.0, "119 s"),
            (120.0, "2 minutes"),
            (600.0, "10 minutes"),
            (3600.0, "1 hour"),
            (7200.0, "2 hours"),
            (1e6, "12 days"),
        ] {
            assert_eq!(length(Duration::from_secs_f64(seconds)), text);
        }
    }
}
