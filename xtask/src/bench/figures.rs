//! What a bench found: figures with their goals, as a table and as JSON; and what a row of numbers comes to.

use serde_json::{Map, Value, json};

/// One number, and how large it may become, if somebody said so.
pub(super) struct Figure {
    name: &'static str,
    value: f64,
    at_most: Option<f64>,
}

/// The figures of one workload, in order.
#[derive(Default)]
pub(super) struct Figures(Vec<Figure>);

impl Figures {
    pub(super) fn add(&mut self, name: &'static str, value: f64) {
        self.0.push(Figure { name, value, at_most: None });
    }

    /// A figure that has a goal.
    pub(super) fn add_with_goal(&mut self, name: &'static str, value: f64, at_most: f64) {
        self.0.push(Figure { name, value, at_most: Some(at_most) });
    }

    /// Median, least and most of a row of numbers, the median with a goal.
    pub(super) fn add_spread(&mut self, names: [&'static str; 3], row: &[f64], at_most: Option<f64>) {
        let [least, median, most] = spread(row);
        self.0.push(Figure { name: names[0], value: median, at_most });
        self.add(names[1], least);
        self.add(names[2], most);
    }

    pub(super) fn json(&self) -> Value {
        let mut page = Map::new();
        for figure in &self.0 {
            let mut entry = json!({ "value": rounded(figure.value) });
            if let Some(at_most) = figure.at_most {
                entry["at_most"] = json!(at_most);
                entry["met"] = json!(figure.value <= at_most);
            }
            page.insert(figure.name.to_owned(), entry);
        }
        page.into()
    }

    pub(super) fn print(&self, workload: &str) {
        println!("{workload}");
        for figure in &self.0 {
            let value = rounded(figure.value).to_string();
            match figure.at_most {
                Some(at_most) => {
                    let word = if figure.value <= at_most { "met" } else { "missed" };
                    println!("  {:34} {value:>14}   goal: at most {at_most}, {word}", figure.name);
                }
                None => println!("  {:34} {value:>14}", figure.name),
            }
        }
    }
}

/// Least, median and most.
pub(super) fn spread(row: &[f64]) -> [f64; 3] {
    let mut sorted = row.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = match sorted.len() {
        0 => return [f64::NAN; 3],
        count if count % 2 == 0 => (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0,
        count => sorted[count / 2],
    };
    [sorted[0], middle, sorted[sorted.len() - 1]]
}

/// Two decimals, and none where they say nothing.
pub(super) fn rounded(number: f64) -> Value {
    if number.abs() >= 1000.0 {
        json!(number.round() as i64)
    } else {
        json!((number * 100.0).round() / 100.0)
    }
}

pub(super) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

pub(super) fn milliseconds(time: std::time::Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_least_median_most() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), [1.0, 2.0, 3.0]);
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), [1.0, 2.5, 4.0]);
        assert!(spread(&[]).iter().all(|number| number.is_nan()));
    }

    #[test]
    fn goals_are_judged_and_shown() {
        let mut figures = Figures::default();
        figures.add_with_goal("small", 1.0, 2.0);
        figures.add_with_goal("large", 2.001, 2.0);
        figures.add("plain", 12345.6);
        let page = figures.json();
        assert_eq!(page["small"], json!({ "value": 1.0, "at_most": 2.0, "met": true }));
        assert_eq!(page["large"]["met"], json!(false));
        assert_eq!(page["plain"], json!({ "value": 12346 }));
    }
}
