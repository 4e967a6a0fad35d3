//! JSON (or YAML) as Go reads it.

use super::{WireChanges, WireEndpoint, WireProperty};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// A string, borrowed from the input where it needs no unescaping; `null` reads as the empty string.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }

            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Text::default())
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_str(self)
            }
        }

        deserializer.deserialize_option(TextVisitor)
    }
}

/// Texts by key; `null` reads as none.
#[derive(Default)]
struct TextMap<'a>(BTreeMap<Cow<'a, str>, Cow<'a, str>>);

impl<'de> Deserialize<'de> for TextMap<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextMapVisitor;

        impl<'de> Visitor<'de> for TextMapVisitor {
            type Value = TextMap<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(TextMap::default())
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(TextMap::default())
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_map(self)
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut texts = BTreeMap::new();
                while let Some((Text(key), Text(value))) = map.next_entry()? {
                    texts.insert(key, value);
                }
                Ok(TextMap(texts))
            }
        }

        deserializer.deserialize_option(TextMapVisitor)
    }
}

/// A list; `null` reads as an empty one, and a `null` element as the element's default.
struct List<T>(Vec<T>);

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let list = Option::<Vec<Option<T>>>::deserialize(deserializer)?.unwrap_or_default();
        Ok(Self(list.into_iter().map(Option::unwrap_or_default).collect()))
    }
}

impl<'de> Deserialize<'de> for WireEndpoint<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EndpointVisitor;

        impl<'de> Visitor<'de> for EndpointVisitor {
            type Value = WireEndpoint<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an endpoint")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut endpoint = WireEndpoint::default();
                while let Some(Text(key)) = map.next_key()? {
                    read_field(&mut endpoint, &key, &mut map)?;
                }
                Ok(endpoint)
            }
        }

        deserializer.deserialize_map(EndpointVisitor)
    }
}

fn read_field<'de, M: MapAccess<'de>>(
    endpoint: &mut WireEndpoint<'de>,
    key: &str,
    map: &mut M,
) -> Result<(), M::Error> {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    if is("dnsName") {
        endpoint.dns_name = map.next_value::<Text>()?.0;
    } else if is("targets") {
        endpoint.targets = map.next_value::<List<Text>>()?.0.into_iter().map(|text| text.0).collect();
    } else if is("recordType") {
        endpoint.record_type = map.next_value::<Text>()?.0;
    } else if is("setIdentifier") {
        endpoint.set_identifier = map.next_value::<Text>()?.0;
    } else if is("recordTTL") {
        endpoint.record_ttl = map.next_value::<Option<i64>>()?.unwrap_or_default();
    } else if is("labels") {
        endpoint.labels = map.next_value::<TextMap>()?.0;
    } else if is("providerSpecific") {
        endpoint.provider_specific = map.next_value::<List<WireProperty>>()?.0;
    } else {
        map.next_value::<IgnoredAny>()?;
        endpoint.unknown_keys.push(key.to_owned());
    }
    Ok(())
}

impl<'de> Deserialize<'de> for WireProperty<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PropertyVisitor;

        impl<'de> Visitor<'de> for PropertyVisitor {
            type Value = WireProperty<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a property with name and value")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut property = WireProperty::default();
                while let Some(Text(key)) = map.next_key()? {
                    if key.eq_ignore_ascii_case("name") {
                        property.name = map.next_value::<Text>()?.0;
                    } else if key.eq_ignore_ascii_case("value") {
                        property.value = map.next_value::<Text>()?.0;
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(property)
            }
        }

        deserializer.deserialize_map(PropertyVisitor)
    }
}

/// Rows of a change list. A `null` row is refused: there is nothing to do for it, and nobody to tell.
struct Rows<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Rows<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for RowsVisitor<T> {
            type Value = Rows<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of endpoints")
            }

            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Rows(Vec::new()))
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(Rows(Vec::new()))
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_seq(self)
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Self::Value, S::Error> {
                let mut rows = Vec::new();
                while let Some(row) = seq.next_element::<Option<T>>()? {
                    rows.push(row.ok_or_else(|| S::Error::custom("null in place of an endpoint"))?);
                }
                Ok(Rows(rows))
            }
        }

        deserializer.deserialize_option(RowsVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WireChanges<T> {
    /// `null` reads as no changes, as in Go.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChangesVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ChangesVisitor<T> {
            type Value = WireChanges<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a set of changes")
            }

            fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
                Ok(WireChanges::default())
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(WireChanges::default())
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_map(self)
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut changes = WireChanges::default();
                while let Some(Text(key)) = map.next_key()? {
                    let lists = [
                        ("create", &mut changes.create),
                        ("updateOld", &mut changes.update_old),
                        ("updateNew", &mut changes.update_new),
                        ("delete", &mut changes.delete),
                    ];
                    match lists.into_iter().find(|(name, _)| key.eq_ignore_ascii_case(name)) {
                        Some((_, list)) => *list = map.next_value::<Rows<T>>()?.0,
                        None => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(changes)
            }
        }

        deserializer.deserialize_option(ChangesVisitor(PhantomData))
    }
}
