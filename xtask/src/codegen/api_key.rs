//! Writes the table of all APIs.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::schema::Message;
use super::{module_name, requests};

/// `ApiKey` and what is known of each.
pub(super) fn module(messages: &[Message]) -> Result<String> {
    let requests = requests(messages);
    let mut out = String::from("use crate::ApiFacts;\n\n");
    out += "/// An API, by Kafka's name and number.\n";
    out += "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]\n#[repr(i16)]\npub enum ApiKey {\n";
    for request in &requests {
        let number = request.number.context("a request has a number")?;
        writeln!(out, "/// Key {number}.\n{} = {number},", api(request))?;
    }
    out += "}\n\nimpl ApiKey {\n/// All of them, by number.\n";
    writeln!(out, "pub const ALL: [Self; {}] = [", requests.len())?;
    for request in &requests {
        writeln!(out, "Self::{},", api(request))?;
    }
    out += "];\n\n/// The API of a number.\npub fn from_number(number: i16) -> Option<Self> {\nSome(match number {\n";
    for request in &requests {
        writeln!(out, "{} => Self::{},", request.number.unwrap_or_default(), api(request))?;
    }
    out += "_ => return None,\n})\n}\n\n/// What is known of it.\npub const fn facts(self) -> ApiFacts {\nmatch self {\n";
    for request in &requests {
        let module = module_name(&request.name);
        writeln!(
            out,
            "Self::{api} => ApiFacts {{ name: \"{api}\", min_version: super::{module}::MIN_VERSION, \
             max_version: super::{module}::MAX_VERSION, flexible_from: super::{module}::FLEXIBLE_FROM, \
             latest_unstable: super::{module}::LATEST_UNSTABLE }},",
            api = api(request)
        )?;
    }
    out += "}\n}\n}\n";
    Ok(out)
}

/// The lines that tie each request to its response.
pub(super) fn ties(messages: &[Message]) -> String {
    let mut out = String::from("\ncrate::tie! {\n");
    for name in requests(messages).into_iter().map(api) {
        out += &format!("{name}: {name}Request => {name}Response,\n");
    }
    out += "}\n";
    out
}

fn api(request: &Message) -> String {
    request.name.trim_end_matches("Request").to_owned()
}
