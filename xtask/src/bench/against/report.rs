//! The table and the JSON of a comparison.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Map, Value, json};

use super::metric::{Bound, Goal, Metric, Sample, value};
use super::rows::{PEAK_MEMORY_GOAL, Row};
use super::side::Side;
use crate::bench::figures::{rounded, spread};
use crate::{process, root};

/// All runs, in the order in which they were made.
#[derive(Default)]
pub(super) struct Report {
    runs: Vec<Run>,
}

struct Run {
    row: &'static Row,
    side: Side,
    round: usize,
    sample: Sample,
}

/// A goal and what was found: a value for each round.
struct Judged<'a> {
    title: &'a str,
    goal: Goal,
    found: Vec<f64>,
}

impl Report {
    pub(super) fn add(&mut self, row: &'static Row, side: Side, round: usize, sample: Sample) {
        self.runs.push(Run { row, side, round, sample });
    }

    /// The rows that were measured, each once.
    fn rows(&self) -> Vec<&'static Row> {
        let mut rows: Vec<&'static Row> = Vec::new();
        for run in &self.runs {
            if rows.iter().all(|row| row.name != run.row.name) {
                rows.push(run.row);
            }
        }
        rows
    }

    /// What each round found, of a row's side.
    fn values(&self, row: &Row, side: Side, metric: Metric) -> Vec<f64> {
        let of_row = self.runs.iter().filter(|run| run.row.name == row.name && run.side == side);
        of_row.filter_map(|run| value(&run.sample, metric)).collect()
    }

    fn value(&self, row: &Row, side: Side, round: usize, metric: Metric) -> Option<f64> {
        let run = self
            .runs
            .iter()
            .find(|run| run.row.name == row.name && run.side == side && run.round == round)?;
        value(&run.sample, metric)
    }

    fn judged(&self) -> Vec<Judged<'_>> {
        let mut all = Vec::new();
        for row in self.rows() {
            for goal in row.goals {
                let rounds = self.runs.iter().map(|run| run.round).max().unwrap_or_default();
                let found: Vec<f64> = (0..=rounds)
                    .filter_map(|round| {
                        let ours = self.value(row, goal.ours, round, goal.metric)?;
                        match goal.theirs {
                            Some(theirs) => Some(ours / self.value(row, theirs, round, goal.metric)?),
                            None => Some(ours),
                        }
                    })
                    .collect();
                if !found.is_empty() {
                    all.push(Judged { title: row.title, goal: *goal, found });
                }
            }
        }
        if let Some(peak) = self.peak(Side::Thalweg) {
            all.push(Judged { title: "all of the above", goal: PEAK_MEMORY_GOAL, found: vec![peak] });
        }
        all
    }

    /// The most memory that a side ever took.
    fn peak(&self, side: Side) -> Option<f64> {
        let of_side = self.runs.iter().filter(|run| run.side == side);
        of_side.filter_map(|run| value(&run.sample, Metric::PeakMemory)).max_by(f64::total_cmp)
    }

    /// Two tables of Markdown: what was wanted, and all figures.
    pub(super) fn table(&self) -> String {
        let mut text = String::new();
        text += "| Workload | Goal | Found | |\n| --- | --- | --- | --- |\n";
        for judged in self.judged() {
            let [least, median, most] = spread(&judged.found);
            let word = if judged.goal.bound.is_met(median) { "met" } else { "**missed**" };
            let found = match judged.found.len() {
                1 => shown(median),
                _ => format!("{} ({} – {})", shown(median), shown(least), shown(most)),
            };
            let _ = writeln!(text, "| {} | {} | {found} | {word} |", judged.title, judged.goal.text());
        }
        for row in self.rows() {
            let sides: Vec<Side> = Side::ALL.into_iter().filter(|side| self.has(row, *side)).collect();
            let metrics: Vec<Metric> = Metric::ALL
                .into_iter()
                .filter(|metric| sides.iter().any(|side| !self.values(row, *side, *metric).is_empty()))
                .collect();
            let titles: Vec<&str> = metrics.iter().map(|metric| metric.title()).collect();
            let _ = writeln!(text, "\n**{}** (`{}`)\n", row.title, row.name);
            let _ = writeln!(text, "| | {} |", titles.join(" | "));
            let _ = writeln!(text, "| --- |{}", " ---: |".repeat(metrics.len()));
            for side in sides {
                let cells: Vec<String> =
                    metrics.iter().map(|metric| cell(&self.values(row, side, *metric))).collect();
                let _ = writeln!(text, "| {} | {} |", side.name(), cells.join(" | "));
            }
        }
        text
    }

    fn has(&self, row: &Row, side: Side) -> bool {
        self.runs.iter().any(|run| run.row.name == row.name && run.side == side)
    }

    pub(super) fn json(&self, about: &About) -> Value {
        let mut rows = Map::new();
        for row in self.rows() {
            let mut sides = Map::new();
            for side in Side::ALL.into_iter().filter(|side| self.has(row, *side)) {
                let mut metrics = Map::new();
                for metric in Metric::ALL {
                    let values = self.values(row, side, metric);
                    if !values.is_empty() {
                        metrics.insert(metric.name().to_owned(), values.into_iter().map(rounded).collect());
                    }
                }
                sides.insert(side.name().to_owned(), metrics.into());
            }
            rows.insert(row.name.to_owned(), json!({ "title": row.title, "sides": sides }));
        }
        let goals: Vec<Value> = self.judged().iter().map(judged_json).collect();
        json!({
            "machine": about.machine,
            "date": about.date,
            "commit": about.commit,
            "form": about.form,
            "rounds": about.rounds,
            "load_before": rounded(about.load_before),
            "goals": goals,
            "workloads": rows,
        })
    }
}

fn judged_json(judged: &Judged<'_>) -> Value {
    let [least, median, most] = spread(&judged.found);
    let (bound, number) = match judged.goal.bound {
        Bound::AtLeast(number) => ("at_least", number),
        Bound::AtMost(number) => ("at_most", number),
    };
    json!({
        "workload": judged.title,
        "metric": judged.goal.metric.name(),
        "ours": judged.goal.ours.name(),
        "theirs": judged.goal.theirs.map(Side::name),
        bound: number,
        "median": rounded(median),
        "least": rounded(least),
        "most": rounded(most),
        "met": judged.goal.bound.is_met(median),
    })
}

/// The median, and how far the rounds lay apart.
fn cell(values: &[f64]) -> String {
    let [least, median, most] = spread(values);
    match values.len() {
        0 => String::new(),
        1 => shown(median),
        _ => format!("{} ({}–{})", shown(median), shown(least), shown(most)),
    }
}

/// Three digits that count.
fn shown(number: f64) -> String {
    match number.abs() {
        large if large >= 10_000.0 => format!("{:.0} k", number / 1000.0),
        large if large >= 100.0 => format!("{number:.0}"),
        middle if middle >= 10.0 => format!("{number:.1}"),
        small if small >= 1.0 || small == 0.0 => format!("{number:.2}"),
        _ => format!("{number:.3}"),
    }
}

/// Where, when and what was measured.
pub(super) struct About {
    pub(super) machine: String,
    pub(super) date: String,
    pub(super) commit: String,
    pub(super) form: &'static str,
    pub(super) rounds: usize,
    /// What others did to the machine: how many wanted to run, on average, in the minute before.
    pub(super) load_before: f64,
}

impl About {
    pub(super) fn here(form: &'static str, rounds: usize) -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next());
        let gib = kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() >> 20;
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let model = model.map_or("an unknown processor", |(_, name)| name);
        Self {
            machine: format!("{cores} × {model}, {gib} GiB, Linux {}", kernel.trim()),
            date: said(Command::new("date").args(["-u", "+%F"])),
            commit: said(Command::new("git").args(["describe", "--always", "--dirty"])),
            form,
            rounds,
            load_before: load().unwrap_or(f64::NAN),
        }
    }

    pub(super) fn text(&self) -> String {
        let Self { machine, date, commit, form, rounds, load_before } = self;
        let plural = if *rounds == 1 { "" } else { "s" };
        format!(
            "{machine}; {date}; commit {commit}; {form} form, {rounds} round{plural}; load before it began {load_before:.1}"
        )
    }
}

fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split(' ').next()?.parse().ok()
}

fn said(command: &mut Command) -> String {
    process::output(command.current_dir(root())).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::rows::ROWS;
    use super::*;

    #[test]
    fn ratios_are_those_of_a_round() {
        let row = ROWS.iter().find(|row| row.name == "rd-1p-1k").expect("a row of this name");
        let mut report = Report::default();
        for (round, (theirs, ours)) in [(100.0, 400.0), (200.0, 1200.0)].into_iter().enumerate() {
            report.add(row, Side::Kafka, round, vec![(Metric::Rate, theirs), (Metric::PeakMemory, 900.0)]);
            report.add(row, Side::Thalweg, round, vec![(Metric::Rate, ours), (Metric::PeakMemory, 90.0)]);
        }
        let judged = report.judged();
        assert_eq!(judged[0].found, [4.0, 6.0]);
        assert!(report.table().contains("| 5.00 (4.00 – 6.00) | met |"), "{}", report.table());
        assert_eq!(judged.last().map(|judged| judged.found.clone()), Some(vec![90.0]));
        let about = About::here("quick", 2);
        assert_eq!(report.json(&about)["goals"][0]["median"], json!(5.0));
    }

    #[test]
    fn numbers_are_short() {
        let check = |number, expect| assert_eq!(shown(number), expect);
        check(1_234_567.0, "1235 k");
        check(843.2, "843");
        check(12.345, "12.3");
        check(0.1234, "0.123");
        check(0.0, "0.00");
    }
}
