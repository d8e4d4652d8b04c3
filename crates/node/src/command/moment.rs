//! Moments as text: RFC 3339, or a date alone, in UTC where no zone is said. No calendar but the one in use.

const MS_PER_DAY: i64 = 86_400_000;

/// Milliseconds since 1970 of `2026-03-01`, `2026-03-01T12:30`, `2026-03-01T12:30:05.250+01:00`.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (year, month, day) =
        (digits(parts.next()?, 4)?, digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_max = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if parts.next().is_some() || !(1..=days_max).contains(&day) {
        return None;
    }
    let midnight = days_since_1970(year, month, day) * MS_PER_DAY;
    time.map_or(Some(midnight), |time| Some(midnight + time_of_day(time)?))
}

/// Milliseconds since midnight UTC.
fn time_of_day(text: &str) -> Option<i64> {
    let (clock, zone_minutes) = match text.find(['Z', 'z', '+', '-']) {
        None => (text, 0),
        Some(at) if text[at..].eq_ignore_ascii_case("z") => (&text[..at], 0),
        Some(at) => {
            let (hours, minutes) = text[at + 1..].split_once(':')?;
            let minutes = digits(hours, 2)? * 60 + digits(minutes, 2)?;
            (&text[..at], if text[at..].starts_with('-') { -minutes } else { minutes })
        }
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let (second, fraction) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (digits(seconds, 2)?, 0),
            Some((seconds, fraction)) => {
                let fraction_digits = fraction.get(..fraction.len().min(3))?;
                let scale = [0, 100, 10, 1][fraction_digits.len()];
                digits(fraction, fraction.len())?;
                (digits(seconds, 2)?, digits(fraction_digits, fraction_digits.len())? * scale)
            }
        },
    };
    let valid = parts.next().is_none() && hour < 24 && minute < 60 && second < 60;
    valid.then_some(((hour * 60 + minute - zone_minutes) * 60 + second) * 1000 + fraction)
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let valid = text.len() == count && count > 0 && text.bytes().all(|byte| byte.is_ascii_digit());
    valid.then(|| text.parse().ok()).flatten()
}

/// Years are counted from March, so that the leap day is a year's last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    const DAYS_TO_1970_FROM_MARCH_OF_YEAR_0: i64 = 719_468;
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * month + 2) / 5 + day - 1 - DAYS_TO_1970_FROM_MARCH_OF_YEAR_0
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn moments_are_read_by_rfc_3339() {
        for (text, expect) in [
            ("1970-01-01", Some(0)),
            ("1970-01-01T00:00:00.001Z", Some(1)),
            ("1969-12-31", Some(-86_400_000)),
            ("2000-02-29", Some(951_782_400_000)),
            ("2000-03-01T00:00", Some(951_868_800_000)),
            ("2026-11-20T22:21:38Z", Some(1_795_213_298_000)),
            ("2026-11-20 22:21:38.5", Some(1_795_213_298_500)),
            ("2026-11-20T23:21:38.123456+01:00", Some(1_795_213_298_123)),
            ("2026-11-20T21:51:38-00:30", Some(1_795_213_298_000)),
            ("1900-02-29", None),
            ("2026-13-01", None),
            ("2026-1-1", None),
            ("2026-01-01T24:00", None),
            ("2026-01-01T", None),
            ("2026-01-01T10:00:00.", None),
            ("2026-01-01T10:00:00.ä1Z", None),
            ("yesterday", None),
        ] {
            assert_eq!(parse(text), expect, "{text}");
        }
    }
}
