//! Reads a single value of the configuration with serde.
//!
//! A file has types and the environment has none, so the text of a variable is interpreted by the type of its field:
//! commas separate the items of a list, `[]` is an empty one, and `1` is true. Error texts say what to write, and continue after the name of
//! the setting: `[tenant] cloud` + ` is ` + `…`.

use std::fmt::Display;

use serde::de::value::{Error, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use crate::terminal::clean;

/// A value in the form in which it was written.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Toml(toml::Value),
    Variable(String),
}

impl Value {
    /// True for an empty text. A variable or a text with such a value counts as not set.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Toml(toml::Value::String(text)) | Self::Variable(text) => text.trim().is_empty(),
            Self::Toml(_) => false,
        }
    }

    fn text(self) -> Result<String, Error> {
        match self {
            Self::Toml(toml::Value::String(text)) | Self::Variable(text) => {
                Ok(text.trim().to_owned())
            }
            Self::Toml(_) => Err(Error::custom("must be a text in quotes")),
        }
    }

    fn list(self) -> Result<Vec<String>, Error> {
        let texts = match self {
            // A variable that is empty is not set, so that this is the one way to say it there.
            Self::Variable(text) if text.trim() == "[]" => Some(Vec::new()),
            Self::Variable(text) => {
                let items = text.split(',').map(str::trim);
                let items = items.filter(|item| !item.is_empty());
                Some(items.map(str::to_owned).collect())
            }
            Self::Toml(toml::Value::Array(items)) => items
                .into_iter()
                .map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Self::Toml(_) => None,
        };
        texts.ok_or_else(|| Error::custom("must be a list of texts, such as [\"a\", \"b\"]"))
    }

    fn flag(self) -> Result<bool, Error> {
        match self {
            Self::Toml(toml::Value::Boolean(flag)) => Ok(flag),
            Self::Toml(_) => Err(Error::custom("must be true or false")),
            Self::Variable(text) => match text.trim() {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                text => Err(Error::custom(format!(
                    "is `{}`; it can be true or false",
                    clean(text)
                ))),
            },
        }
    }
}

impl IntoDeserializer<'_, Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_string(self.text()?)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_bool(self.flag()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(self.list()?.into_iter()))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let text = self.text()?;
        if !variants.contains(&text.as_str()) {
            return Err(Error::custom(format!(
                "is `{}`; it can {}",
                clean(&text),
                one_of(variants)
            )));
        }
        visitor.visit_enum(text.into_deserializer())
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map struct identifier ignored_any
    }
}

fn one_of<T: Display>(names: &[T]) -> String {
    match names {
        [] => "hold nothing".to_owned(),
        [one] => format!("only be {one}"),
        [others @ .., last] => {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            format!("be {} or {last}", others.join(", "))
        }
    }
}

/// The keys of a section: the fields of its struct.
pub(super) fn keys<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut fields: &'static [&'static str] = &[];
    // serde passes the names of the fields to the deserializer, which only stores them; its error can be ignored.
    let _ = T::deserialize(Fields(&mut fields));
    fields
}

struct Fields<'f>(&'f mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Fields<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("not a struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = fields;
        Err(Error::custom("only the names of the fields were wanted"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Green,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only the names of the fields count")]
    struct Section {
        one: String,
        two: Option<bool>,
    }

    fn toml<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        let table: toml::Table = format!("x = {text}").parse().unwrap();
        T::deserialize(Value::Toml(table["x"].clone())).map_err(|error| error.to_string())
    }

    fn variable<T: DeserializeOwned>(text: &str) -> Result<T, String> {
        T::deserialize(Value::Variable(text.to_owned())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_variable_means_what_its_field_takes() {
        assert_eq!(variable::<String>(" a, b "), Ok("a, b".to_owned()));
        let items = variable::<Vec<String>>(" a,, b ");
        assert_eq!(items, Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(variable::<bool>("1"), Ok(true));
        assert_eq!(variable::<Option<bool>>("false"), Ok(Some(false)));
        assert_eq!(variable("green"), Ok(Colour::Green));
        let wrong = variable::<bool>("yes\u{1b}");
        assert_eq!(wrong, Err("is `yes`; it can be true or false".to_owned()));
    }

    #[test]
    fn a_value_of_the_wrong_type_says_what_to_write() {
        assert_eq!(toml::<String>("\" a \""), Ok("a".to_owned()));
        let wrong = |result: Result<String, String>| result.unwrap_err();
        assert_eq!(wrong(toml("3")), "must be a text in quotes");
        assert!(toml::<bool>("\"true\"").is_err());
        for text in ["\"a\"", "[1]", "[[\"a\"]]"] {
            let error = toml::<Vec<String>>(text).unwrap_err();
            assert_eq!(error, "must be a list of texts, such as [\"a\", \"b\"]");
        }
        let error = toml::<Colour>("\"blue\"").unwrap_err();
        assert_eq!(error, "is `blue`; it can be red or green");
    }

    #[test]
    fn the_fields_of_a_struct_are_its_keys() {
        assert_eq!(keys::<Section>(), ["one", "two"]);
    }
}
