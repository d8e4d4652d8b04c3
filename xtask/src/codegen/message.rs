//! Writes one message as Rust: its structures, how they are read and how they are written.

use std::fmt::Write as _;

use anyhow::Result;

use super::schema::{Base, Field, Kind, Message, Struct, Versions};

/// The module of one message, without its head.
pub(super) fn module(message: &Message, api_keys: bool) -> Result<String> {
    let top =
        Struct { name: message.name.clone(), versions: message.versions, fields: message.fields.clone() };
    let mut out = String::new();
    constants(message, api_keys, &mut out);
    let writer = Writer { message };
    for structure in std::iter::once(&top).chain(&message.structs) {
        writer.declaration(structure, &mut out)?;
        writer.default(structure, &mut out);
        let is_top = structure.name == message.name;
        writeln!(out, "impl {} {{", structure.name)?;
        writer.decode(structure, is_top, &mut out)?;
        writer.encode(structure, is_top, &mut out)?;
        out.push_str("}\n\n");
    }
    Ok(imports(&out, api_keys && message.kind != Kind::Data) + &out)
}

fn constants(message: &Message, api_keys: bool, out: &mut String) {
    let name = &message.name;
    let mut constant = |doc: &str, line: String| {
        out.push_str(&format!("/// {doc}\npub const {line};\n"));
    };
    if api_keys && message.kind != Kind::Data {
        let api = name.trim_end_matches("Request").trim_end_matches("Response");
        constant("Whose message it is.", format!("API_KEY: ApiKey = ApiKey::{api}"));
    } else if let Some(number) = message.number {
        constant("What stands before such a key.", format!("RECORD_TYPE: i16 = {number}"));
    }
    let Versions { first, last } = message.versions;
    constant("The first version.", format!("MIN_VERSION: i16 = {first}"));
    constant("The last version.", format!("MAX_VERSION: i16 = {last}"));
    let flexible = message.flexible_from.map_or("i16::MAX".to_owned(), |from| from.to_string());
    constant(
        "The first version with compact lengths and tagged fields.",
        format!("FLEXIBLE_FROM: i16 = {flexible}"),
    );
    if message.kind == Kind::Request {
        let unstable = message.unstable;
        constant(
            "Whether the last version is not advertised.",
            format!("LATEST_UNSTABLE: bool = {unstable}"),
        );
    }
    out.push('\n');
}

fn imports(body: &str, api_key: bool) -> String {
    let mut out = String::new();
    let uses = |word: &str| body.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word);
    if uses("Bytes") {
        out.push_str("use bytes::Bytes;\n");
    }
    let model: Vec<_> = ["Region", "Uuid"].into_iter().filter(|word| uses(word)).collect();
    if !model.is_empty() {
        out.push_str(&format!("use thalweg_model::{{{}}};\n", model.join(", ")));
    }
    let codec: Vec<_> = ["EncodeError", "Error", "Reader", "RecordBytes", "Text", "Writer", "require"]
        .into_iter()
        .filter(|word| uses(word))
        .collect();
    out.push_str(&format!("use thalweg_model::codec::{{{}}};\n", codec.join(", ")));
    if api_key {
        out.push_str("\nuse crate::ApiKey;\n");
    }
    out.push('\n');
    out
}

struct Writer<'a> {
    message: &'a Message,
}

impl Writer<'_> {
    fn declaration(&self, structure: &Struct, out: &mut String) -> Result<()> {
        let plain = structure.fields.iter().all(|field| default_value(field) == rust_default(field));
        let mut derives = vec!["Clone", "Debug"];
        if plain {
            derives.push("Default");
        }
        if !self.has_regions(&structure.fields) {
            derives.push("PartialEq");
        }
        writeln!(out, "#[derive({})]\npub struct {} {{", derives.join(", "), structure.name)?;
        for field in &structure.fields {
            writeln!(out, "    pub {}: {},", ident(field), self.rust_type(field))?;
        }
        out.push_str("}\n\n");
        Ok(())
    }

    fn default(&self, structure: &Struct, out: &mut String) {
        if structure.fields.iter().all(|field| default_value(field) == rust_default(field)) {
            return;
        }
        let fields: String = structure
            .fields
            .iter()
            .map(|field| format!("{}: {},\n", ident(field), default_value(field)))
            .collect();
        out.push_str(&format!(
            "impl Default for {} {{\nfn default() -> Self {{\nSelf {{\n{fields}}}\n}}\n}}\n\n",
            structure.name
        ));
    }

    fn has_regions(&self, fields: &[Field]) -> bool {
        fields.iter().any(|field| match &field.base {
            Base::Records => self.message.kind == Kind::Response,
            Base::Struct(name) => {
                self.message.structure(name).is_ok_and(|structure| self.has_regions(&structure.fields))
            }
            _ => false,
        })
    }

    fn rust_type(&self, field: &Field) -> String {
        let base = match &field.base {
            Base::Bool => "bool",
            Base::I8 => "i8",
            Base::I16 => "i16",
            Base::U16 => "u16",
            Base::I32 => "i32",
            Base::I64 => "i64",
            Base::F64 => "f64",
            Base::Uuid => "Uuid",
            Base::Text => "Text",
            Base::Bytes => "Bytes",
            Base::Records if self.message.kind == Kind::Response => "Vec<Region>",
            Base::Records => "RecordBytes",
            Base::Struct(name) => name,
        };
        let whole = if field.array { format!("Vec<{base}>") } else { base.to_owned() };
        if field.nullable.is_some() { format!("Option<{whole}>") } else { whole }
    }

    fn decode(&self, structure: &Struct, is_top: bool, out: &mut String) -> Result<()> {
        let (tagged, plain): (Vec<_>, Vec<_>) =
            structure.fields.iter().partition(|field| field.tag.is_some());
        let mut body = String::new();
        for field in plain {
            let read = self.read(field, structure.versions)?;
            let value = when(field.versions, structure.versions).map_or(read.clone(), |condition| {
                format!("if {condition} {{ {read} }} else {{ {} }}", default_value(field))
            });
            body.push_str(&format!("{}: {value},\n", ident(field)));
        }
        for field in &tagged {
            body.push_str(&format!("{}: {},\n", ident(field), default_value(field)));
        }
        let value = format!("Self {{\n{body}}}");
        let flexible = self.flexible(structure.versions);
        let tail = if tagged.is_empty() {
            match flexible {
                "false" => format!("Ok({value})"),
                "true" => format!("let value = {value};\nreader.skip_tagged_fields()?;\nOk(value)"),
                _ => format!(
                    "let value = {value};\nif flexible {{ reader.skip_tagged_fields()?; }}\nOk(value)"
                ),
            }
        } else {
            let mut arms = String::new();
            for field in &tagged {
                let guard = when(field.versions, self.flexible_versions(structure.versions))
                    .map_or(String::new(), |condition| format!(" if {condition}"));
                let read = self.read(field, self.flexible_versions(field.versions))?;
                let tag = field.tag.unwrap_or_default();
                arms.push_str(&format!("{tag}{guard} => value.{} = {read},\n", ident(field)));
            }
            let read = format!(
                "reader.tagged_fields(|reader, tag| {{ match tag {{ {arms} _ => return Ok(false), }}\nOk(true) }})?;"
            );
            let read = if flexible == "true" { read } else { format!("if flexible {{ {read} }}") };
            format!("let mut value = {value};\n{read}\nOk(value)")
        };
        let tail = self.head(structure, &tail) + &tail;
        let check = if is_top { self.check("Error") } else { String::new() };
        let (doc, visible) = if is_top { ("/// Reads it as `version` has it.\n", "pub ") } else { ("", "") };
        let version = parameter(&(check.clone() + &tail), "version");
        writeln!(
            out,
            "{doc}{visible}fn decode(reader: &mut Reader, {version}: i16) -> Result<Self, Error> {{\n{check}{tail}\n}}\n"
        )?;
        Ok(())
    }

    fn encode(&self, structure: &Struct, is_top: bool, out: &mut String) -> Result<()> {
        let (tagged, plain): (Vec<_>, Vec<_>) =
            structure.fields.iter().partition(|field| field.tag.is_some());
        let mut body = String::new();
        for field in plain {
            let write = self.write(field, structure.versions)?;
            body.push_str(&match when(field.versions, structure.versions) {
                None => write,
                Some(condition) if field.ignorable => format!("if {condition} {{ {write} }}\n"),
                Some(condition) => {
                    format!(
                        "if {condition} {{ {write} }} else if {} {{ {} }}\n",
                        says_something(field),
                        unknown(field)
                    )
                }
            });
        }
        let flexible = self.flexible(structure.versions);
        let mut tags = String::new();
        let mut count = Vec::new();
        for field in &tagged {
            let name = format!("with_{}", field.name);
            let says = says_something(field);
            let scope = self.flexible_versions(structure.versions);
            let condition = when(field.versions, scope);
            let present = condition.map_or(says.clone(), |condition| format!("{condition} && {says}"));
            if let Some(condition) = when(field.versions, structure.versions)
                && !field.ignorable
            {
                body.push_str(&format!("if {} && {says} {{ {} }}\n", negated(&condition), unknown(field)));
            }
            let write = self.write(field, self.flexible_versions(field.versions))?;
            let tag = field.tag.unwrap_or_default();
            count.push(format!("u32::from({name})"));
            let place = tags.find("writer.unsigned_varint(TAGS);\n").unwrap_or(tags.len());
            tags.insert_str(place, &format!("let {name} = {present};\n"));
            if count.len() == 1 {
                tags.push_str("writer.unsigned_varint(TAGS);\n");
            }
            tags.push_str(&format!(
                "if {name} {{ let mark = writer.begin_tag({tag});\n{write}writer.end_tag(mark); }}\n"
            ));
        }
        let tags = if count.is_empty() {
            "writer.unsigned_varint(0);\n".to_owned()
        } else {
            tags.replace("TAGS", &count.join(" + "))
        };
        match flexible {
            "false" => {}
            "true" => body.push_str(&tags),
            _ => body.push_str(&format!("if flexible {{ {tags} }}\n")),
        }
        let body = self.head(structure, &body) + &body;
        let check = if is_top { self.check("EncodeError") } else { String::new() };
        let (doc, visible) = if is_top { ("/// Writes it as `version` has it.\n", "pub ") } else { ("", "") };
        let version = parameter(&(check.clone() + &body), "version");
        let writer = parameter(&body, "writer");
        writeln!(
            out,
            "{doc}{visible}fn encode(&self, {writer}: &mut Writer, {version}: i16) -> Result<(), EncodeError> {{\n\
             {check}{body}Ok(())\n}}"
        )?;
        Ok(())
    }

    /// What stands before a body that asks whether the version is flexible.
    fn head(&self, structure: &Struct, body: &str) -> String {
        let asked =
            self.flexible(structure.versions) == "flexible" && parameter(body, "flexible") == "flexible";
        match self.message.flexible_from {
            Some(from) if asked => format!("let flexible = version >= {from};\n"),
            _ => String::new(),
        }
    }

    fn check(&self, error: &str) -> String {
        let Versions { first, last } = self.message.versions;
        format!("if !({first}..={last}).contains(&version) {{ return Err({error}::Version(version)); }}\n")
    }

    /// Whether versions of `scope` are flexible, as an expression.
    fn flexible(&self, scope: Versions) -> &'static str {
        match self.message.flexible_from {
            Some(from) if from <= scope.first => "true",
            Some(from) if from <= scope.last => "flexible",
            _ => "false",
        }
    }

    fn flexible_versions(&self, scope: Versions) -> Versions {
        let first = self.message.flexible_from.unwrap_or(scope.last).max(scope.first);
        Versions { first, last: scope.last }
    }

    /// How a field is read, as an expression; `scope` is where its structure is.
    fn read(&self, field: &Field, scope: Versions) -> Result<String> {
        let flexible = if field.plain { "false" } else { self.flexible(scope) };
        let here = Versions {
            first: field.versions.first.max(scope.first),
            last: field.versions.last.min(scope.last),
        };
        let whole = |null: bool| -> Result<String> {
            let nullable = if null { "nullable_" } else { "" };
            Ok(if field.array {
                let smallest = self.smallest_element(field)?;
                let element = match &field.base {
                    Base::Text | Base::Bytes => {
                        format!("|reader| reader.{}({flexible})", method(&field.base))
                    }
                    Base::Struct(name) => format!("|reader| {name}::decode(reader, version)"),
                    base => format!("Reader::{}", method(base)),
                };
                format!("reader.{nullable}array({flexible}, {smallest}, {element})?")
            } else {
                match (&field.base, self.message.kind) {
                    (Base::Struct(name), _) if null => {
                        format!(
                            "if reader.present()? {{ Some({name}::decode(reader, version)?) }} else {{ None }}"
                        )
                    }
                    (Base::Struct(name), _) => format!("{name}::decode(reader, version)?"),
                    (Base::Records, Kind::Response) => format!("reader.{nullable}regions({flexible})?"),
                    (Base::Records, _) => format!("reader.{nullable}record_bytes({flexible})?"),
                    (Base::Text | Base::Bytes, _) => {
                        format!("reader.{nullable}{}({flexible})?", method(&field.base))
                    }
                    (base, _) => format!("reader.{}()?", method(base)),
                }
            })
        };
        let Some(nullable) = field.nullable else { return whole(false) };
        match when(nullable, here) {
            None => whole(true),
            Some(condition) => {
                Ok(format!("if {condition} {{ {} }} else {{ Some({}) }}", whole(true)?, whole(false)?))
            }
        }
    }

    /// How a field is written, as statements.
    fn write(&self, field: &Field, scope: Versions) -> Result<String> {
        let flexible = if field.plain { "false" } else { self.flexible(scope) };
        let here = Versions {
            first: field.versions.first.max(scope.first),
            last: field.versions.last.min(scope.last),
        };
        let name = ident(field);
        // `value` is the expression of the thing itself, of which a reference can be had by `borrowed`.
        let whole = |value: &str, borrowed: &str| -> String {
            if field.array {
                let element = match &field.base {
                    Base::Struct(_) => "element.encode(writer, version)?;".to_owned(),
                    Base::Text | Base::Bytes => {
                        format!("writer.{}({flexible}, element)?;", method(&field.base))
                    }
                    base => format!("writer.{}(*element);", method(base)),
                };
                return format!(
                    "writer.array({flexible}, {value}.len())?;\nfor element in {borrowed} {{ {element} }}\n"
                );
            }
            match (&field.base, self.message.kind) {
                (Base::Struct(_), _) => format!("{value}.encode(writer, version)?;\n"),
                (Base::Records, Kind::Response) => format!("writer.regions({flexible}, {borrowed})?;\n"),
                (Base::Records, _) => format!("writer.record_bytes({flexible}, {borrowed})?;\n"),
                (Base::Text | Base::Bytes, _) => {
                    format!("writer.{}({flexible}, {borrowed})?;\n", method(&field.base))
                }
                (base, _) => format!("writer.{}({value});\n", method(base)),
            }
        };
        let Some(nullable) = field.nullable else {
            return Ok(whole(&format!("self.{name}"), &format!("&self.{name}")));
        };
        let null = if field.array {
            format!(
                "match &self.{name} {{ Some(elements) => {{ {} }} None => writer.null_array({flexible}), }}\n",
                whole("elements", "elements")
            )
        } else {
            match (&field.base, self.message.kind) {
                (Base::Struct(_), _) => format!(
                    "writer.present(self.{name}.is_some());\n\
                     if let Some(value) = &self.{name} {{ value.encode(writer, version)?; }}\n"
                ),
                (Base::Records, Kind::Response) => {
                    format!("writer.nullable_regions({flexible}, self.{name}.as_deref())?;\n")
                }
                (Base::Records, _) => {
                    format!("writer.nullable_record_bytes({flexible}, self.{name}.as_ref())?;\n")
                }
                (Base::Bytes, _) => format!("writer.nullable_bytes({flexible}, self.{name}.as_deref())?;\n"),
                (base, _) => {
                    format!("writer.nullable_{}({flexible}, self.{name}.as_ref())?;\n", method(base))
                }
            }
        };
        Ok(match when(nullable, here) {
            None => null,
            Some(condition) => {
                let required = format!("let value = require(self.{name}.as_ref(), \"{}\")?;\n", field.name);
                format!("if {condition} {{ {null} }} else {{ {required}{} }}\n", whole("value", "value"))
            }
        })
    }

    /// The smallest number of bytes that an element of the array can have in any version.
    fn smallest_element(&self, field: &Field) -> Result<usize> {
        let mut smallest = usize::MAX;
        for version in field.versions.all() {
            smallest = smallest.min(self.smallest(&field.base, false, version)?);
        }
        Ok(smallest.max(1))
    }

    fn smallest(&self, base: &Base, array: bool, version: i16) -> Result<usize> {
        let flexible = self.message.flexible(version);
        Ok(match base {
            _ if array => {
                if flexible {
                    1
                } else {
                    4
                }
            }
            Base::Bool | Base::I8 => 1,
            Base::I16 | Base::U16 => 2,
            Base::I32 => 4,
            Base::I64 | Base::F64 => 8,
            Base::Uuid => 16,
            Base::Text => {
                if flexible {
                    1
                } else {
                    2
                }
            }
            Base::Bytes | Base::Records => {
                if flexible {
                    1
                } else {
                    4
                }
            }
            Base::Struct(name) => {
                let mut sum = usize::from(flexible);
                for field in &self.message.structure(name)?.fields {
                    if field.tag.is_none() && field.versions.contains(version) {
                        let null = !field.array
                            && matches!(field.base, Base::Struct(_))
                            && field.nullable.is_some_and(|nullable| nullable.contains(version));
                        sum += if null { 1 } else { self.smallest(&field.base, field.array, version)? };
                    }
                }
                sum
            }
        })
    }
}

fn method(base: &Base) -> &'static str {
    match base {
        Base::Bool => "bool",
        Base::I8 => "i8",
        Base::I16 => "i16",
        Base::U16 => "u16",
        Base::I32 => "i32",
        Base::I64 => "i64",
        Base::F64 => "f64",
        Base::Uuid => "uuid",
        Base::Text => "text",
        Base::Bytes => "bytes",
        Base::Records => "record_bytes",
        Base::Struct(_) => "decode",
    }
}

/// The condition under which a version of `scope` is in `versions`; `None` where it always is.
fn when(versions: Versions, scope: Versions) -> Option<String> {
    let Versions { first, last } = versions;
    match (first > scope.first, last < scope.last) {
        (false, false) => None,
        (true, false) => Some(format!("version >= {first}")),
        (false, true) => Some(format!("version <= {last}")),
        (true, true) if first == last => Some(format!("version == {first}")),
        (true, true) => Some(format!("({first}..={last}).contains(&version)")),
    }
}

/// The opposite of a condition that [`when`] gave.
fn negated(condition: &str) -> String {
    for (operator, opposite) in [(">=", "<"), ("<=", ">"), ("==", "!=")] {
        if let Some(bound) = condition.strip_prefix(&format!("version {operator} ")) {
            return format!("version {opposite} {bound}");
        }
    }
    format!("!{condition}")
}

/// The default of a field, as an expression.
fn default_value(field: &Field) -> String {
    match (&field.default, &field.base) {
        (Some(value), Base::I32) if value == "2147483647" => "i32::MAX".to_owned(),
        (Some(value), Base::I32) if value == "-2147483648" => "i32::MIN".to_owned(),
        (Some(value), Base::I64) if value == "9223372036854775807" => "i64::MAX".to_owned(),
        (Some(value), _) => value.clone(),
        (None, _) => rust_default(field),
    }
}

/// What `Default` gives for the field's type, as an expression.
fn rust_default(field: &Field) -> String {
    if field.nullable.is_some() {
        return "None".to_owned();
    }
    if field.array {
        return "Vec::new()".to_owned();
    }
    match &field.base {
        Base::Bool => "false".to_owned(),
        Base::I8 | Base::I16 | Base::U16 | Base::I32 | Base::I64 => "0".to_owned(),
        Base::F64 => "0.0".to_owned(),
        Base::Uuid => "Uuid::nil()".to_owned(),
        Base::Text => "Text::default()".to_owned(),
        Base::Bytes => "Bytes::new()".to_owned(),
        Base::Records => "Vec::new()".to_owned(),
        Base::Struct(name) => format!("{name}::default()"),
    }
}

/// The condition under which a field is not at its default.
fn says_something(field: &Field) -> String {
    let name = ident(field);
    if field.nullable.is_some() {
        return format!("self.{name}.is_some()");
    }
    if field.array {
        return format!("!self.{name}.is_empty()");
    }
    match &field.base {
        Base::Bool if field.default.as_deref() == Some("true") => format!("!self.{name}"),
        Base::Bool => format!("self.{name}"),
        Base::Uuid => format!("!self.{name}.is_nil()"),
        Base::Text | Base::Bytes | Base::Records => format!("!self.{name}.is_empty()"),
        _ => format!("self.{name} != {}", default_value(field)),
    }
}

fn unknown(field: &Field) -> String {
    format!("return Err(EncodeError::Field {{ field: \"{}\", version }});", field.name)
}

fn ident(field: &Field) -> String {
    match field.name.as_str() {
        "match" | "type" => format!("r#{}", field.name),
        name => name.to_owned(),
    }
}

/// A parameter's name, marked where the body does not use it.
fn parameter(body: &str, name: &str) -> String {
    let used = body.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
    if used { name.to_owned() } else { format!("_{name}") }
}
