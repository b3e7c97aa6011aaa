//! Compares what is read of schemas with what `openapiv3` reads of them.

use openapiv3::{AdditionalProperties, ReferenceOr, SchemaKind, VariantOrUnknownOrEmpty};
use serde_json::{Value, json};

use super::schema::{SchemaAt, Type};

/// Compares what is read of a schema with what `openapiv3` reads of it, where that gives it a type.
fn compare(at: &SchemaAt, other: &ReferenceOr<Box<openapiv3::Schema>>, compared: &mut usize) {
    let ours = at.read();
    let other = match other {
        ReferenceOr::Reference { reference } => return assert_eq!(ours.reference, Some(reference.as_str())),
        ReferenceOr::Item(other) => other,
    };
    let data = &other.schema_data;
    assert_eq!(ours.description, data.description.as_deref(), "{}", at.pointer);
    let flags = (ours.nullable, ours.read_only, ours.write_only, ours.deprecated);
    assert_eq!(flags, (data.nullable, data.read_only, data.write_only, data.deprecated), "{}", at.pointer);
    assert_eq!(ours.default_value(), data.default.as_ref().filter(|value| !value.is_null()), "{}", at.pointer);
    let SchemaKind::Type(ty) = &other.schema_kind else { return };
    *compared += 1;
    use openapiv3::Type as Other;
    match ty {
        Other::String(string) => {
            assert_eq!((ours.ty, ours.format), (Some(Type::String), format(&string.format).as_deref()));
            let choices: Vec<Value> = string.enumeration.iter().flatten().map(|text| json!(text)).collect();
            assert_eq!(ours.choices(), choices, "{}", at.pointer);
        }
        Other::Number(number) => {
            assert_eq!((ours.ty, ours.format), (Some(Type::Number), format(&number.format).as_deref()));
        }
        Other::Integer(integer) => {
            assert_eq!((ours.ty, ours.format), (Some(Type::Integer), format(&integer.format).as_deref()));
        }
        Other::Boolean(_) => assert_eq!(ours.ty, Some(Type::Boolean)),
        Other::Array(array) => {
            assert_eq!(ours.ty, Some(Type::Array));
            if let Some(items) = &array.items {
                compare(&ours.items().unwrap(), items, compared);
            }
        }
        Other::Object(object) => {
            assert_eq!((ours.ty, ours.required().collect::<Vec<_>>()), (Some(Type::Object), strs(&object.required)));
            assert_eq!(ours.properties().count(), object.properties.len(), "{}", at.pointer);
            for (name, property) in ours.properties() {
                compare(&property, &object.properties[name], compared);
            }
            if let Some(AdditionalProperties::Schema(values)) = &object.additional_properties {
                let values = values.as_ref().clone();
                let values = match values {
                    ReferenceOr::Reference { reference } => ReferenceOr::Reference { reference },
                    ReferenceOr::Item(item) => ReferenceOr::Item(Box::new(item)),
                };
                compare(&ours.map_values().unwrap().unwrap(), &values, compared);
            }
        }
    }
}

fn strs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn format<F: serde::Serialize>(format: &VariantOrUnknownOrEmpty<F>) -> Option<String> {
    serde_json::to_value(format).unwrap().as_str().filter(|format| !format.is_empty()).map(str::to_owned)
}

#[test]
fn as_another_reader_does() {
    let documents = [
        include_str!("../../fixtures/composition/openapi.yaml"),
        include_str!("../../fixtures/envelopes/openapi.yaml"),
        include_str!("../../fixtures/keys/openapi.yaml"),
        include_str!("../../fixtures/nested-paths/openapi.yaml"),
    ];
    let mut compared = 0;
    for document in documents {
        let document: Value = serde_saphyr::from_str(document).unwrap();
        for (name, raw) in document["components"]["schemas"].as_object().unwrap() {
            let other: ReferenceOr<Box<openapiv3::Schema>> = serde_json::from_value(raw.clone()).unwrap();
            compare(&SchemaAt::new(raw, name.clone()), &other, &mut compared);
        }
    }
    assert!(compared > 20, "{compared}");
}
