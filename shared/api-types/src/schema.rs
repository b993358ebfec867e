//! The JSON Schema of every request and answer, generated from the types.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::{ApiError, operation_schemas};

/// The whole schema: request and answer of each operation. Requests share the
/// definitions below `$defs/requests`, as types are read; answers those below
/// `$defs/answers`, as types are written.
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let mut requests = settings
        .clone()
        .with(|settings| settings.definitions_path = "/$defs/requests".into())
        .for_deserialize()
        .into_generator();
    let mut answers = settings
        .with(|settings| settings.definitions_path = "/$defs/answers".into())
        .for_serialize()
        .into_generator();
    let operations: Map<String, Value> = operation_schemas(&mut requests, &mut answers)
        .into_iter()
        .map(|one| {
            let both = json!({"request": one.request, "answer": one.answer});
            (one.name.to_owned(), both)
        })
        .collect();
    let error = answers.subschema_for::<ApiError>();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Tocsin's API",
        "description": "A request is the object of its operation's `request`, with the operation's name as `operation`. An answer is {\"ok\": …}, of the operation's `answer`, or {\"error\": …}.",
        "operations": operations,
        "error": error,
        "$defs": {
            "requests": requests.take_definitions(true),
            "answers": answers.take_definitions(true),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The variable that has the test write the file.
    const UPDATE: &str = "TOCSIN_UPDATE_SCHEMA";

    #[test]
    fn the_file_is_what_the_types_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.json");
        let generated = format!("{:#}\n", schema());
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == generated,
            "shared/api-types/schema.json is not what the types say: run the tests with {UPDATE}=1 and commit it"
        );
    }

    #[test]
    fn every_reference_leads_to_a_definition() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|one| references(one, found));
                }
                Value::Array(items) => items.iter().for_each(|one| references(one, found)),
                _ => {}
            }
        }
        let schema = schema();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() > 50);
        for reference in found {
            let path = reference.strip_prefix('#').unwrap();
            assert!(schema.pointer(path).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_operation_and_every_field_is_documented() {
        let schema = schema();
        for (name, one) in schema["operations"].as_object().unwrap() {
            let path = one["request"]["$ref"].as_str().unwrap();
            let request = schema.pointer(path.strip_prefix('#').unwrap()).unwrap();
            assert!(request["description"].is_string(), "{name}");
            for (field, its) in request["properties"].as_object().into_iter().flatten() {
                assert!(its["description"].is_string(), "{name}: {field}");
            }
        }
    }
}
