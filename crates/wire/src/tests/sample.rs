//! Random well-formed bytes of a message, in the one form in which a message is written.

use bytes::Bytes;
use thalweg_model::codec::Writer;
use thalweg_model::world::{Random, SeededRandom};

use super::schema::{Base, Field, Message};

/// How many elements an array of a sample has at most.
const ELEMENTS_MAX: u64 = 3;
/// How many bytes records of a sample have at most: some are copied, some are holes.
const RECORD_BYTES_MAX: u64 = 600;

/// Makes samples of a message in one version.
pub(super) struct Sampler<'a> {
    message: &'a Message,
    version: i16,
    random: &'a SeededRandom,
    out: Writer,
}

impl<'a> Sampler<'a> {
    pub(super) fn new(message: &'a Message, version: i16, random: &'a SeededRandom) -> Self {
        Self { message, version, random, out: Writer::new() }
    }

    pub(super) fn sample(mut self) -> Bytes {
        self.fields(&self.message.fields);
        self.out.into_bytes()
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound
    }

    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            if field.tag.is_none() && field.versions.contains(self.version) {
                self.field(field);
            }
        }
        if !self.message.flexible(self.version) {
            return;
        }
        let mut tagged: Vec<_> = fields
            .iter()
            .filter(|field| {
                field.tag.is_some() && field.versions.contains(self.version) && self.below(2) == 0
            })
            .collect();
        tagged.sort_by_key(|field| field.tag);
        self.out.unsigned_varint(tagged.len() as u32);
        for field in tagged {
            let mark = self.out.begin_tag(field.tag.expect("it was asked for"));
            self.field(field);
            self.out.end_tag(mark);
        }
    }

    fn field(&mut self, field: &Field) {
        let flexible = self.message.flexible(self.version) && !field.plain;
        let nullable = field.nullable.is_some_and(|versions| versions.contains(self.version));
        // A tagged field at its default is not written, so a sample never has one.
        let null = nullable && field.tag.is_none() && self.below(3) == 0;
        if field.array {
            if null {
                return self.out.null_array(flexible);
            }
            let elements = self.below(ELEMENTS_MAX) + u64::from(field.tag.is_some());
            self.out.array(flexible, elements as usize).expect("few");
            for _ in 0..elements {
                self.value(&field.base, flexible, field.tag.is_some());
            }
        } else if null {
            match field.base {
                Base::Text => self.out.nullable_text(flexible, None).expect("null"),
                Base::Bytes | Base::Records => self.out.nullable_bytes(flexible, None).expect("null"),
                _ => self.out.present(false),
            }
        } else {
            if nullable && matches!(field.base, Base::Struct(_)) {
                self.out.present(true);
            }
            self.value(&field.base, flexible, field.tag.is_some());
        }
    }

    fn value(&mut self, base: &Base, flexible: bool, tagged: bool) {
        // Odd and above one: never zero, nor any default but the largest number.
        let number = (self.random.next() | 1).cast_signed();
        match base {
            Base::Bool => self.out.bool(tagged || number & 2 == 0),
            Base::I8 => self.out.i8(number as i8 & 0x7d),
            Base::I16 => self.out.i16(number as i16 & 0x7ffd),
            Base::U16 => self.out.u16(number as u16),
            Base::I32 => self.out.i32(number as i32 & 0x7fff_fffd),
            Base::I64 => self.out.i64(number & 0x7fff_ffff_ffff_fffd),
            Base::F64 => self.out.f64(number as f64),
            Base::Uuid => self.out.uuid(self.random.uuid()),
            Base::Text => {
                let length = 1 + self.below(20) as usize;
                let text: String =
                    "Thalweg flows, ümlaut and all ☂ ".chars().cycle().skip(length).take(length).collect();
                self.out.text(flexible, &text.into()).expect("short");
            }
            Base::Bytes | Base::Records => {
                let bytes = vec![number as u8; self.below(RECORD_BYTES_MAX) as usize];
                self.out.bytes(flexible, &bytes).expect("short");
            }
            Base::Struct(name) => {
                let structure = self.message.structure(name).expect("the generator found it too");
                self.fields(&structure.fields);
            }
        }
    }
}
