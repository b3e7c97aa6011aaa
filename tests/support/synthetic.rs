//! Rows made up from what a model says of its fields: as Electric delivers them, and as an application sees them.

use serde_json::{Map, Value, json};
use sync_patterns::model::{Field, FieldType, Insert, KeyOrigin, Model, Project, Shape};

/// Deeper, types that hold themselves end.
const MAX_DEPTH: usize = 6;
/// Up to here, what may be missing is there.
const OPTIONAL_DEPTH: usize = 2;

/// Of each model, in the order of the project: two rows of the server (one with all there is, and one with what has to be
/// there), an edit of the first, and a row to insert.
pub fn synthetic(project: &Project) -> Value {
    let rows = Rows { project };
    project.models.iter().filter(|model| model.is_local()).map(|model| rows.of(model)).collect()
}

struct Rows<'p> {
    project: &'p Project,
}

impl Rows<'_> {
    fn of(&self, model: &Model) -> Value {
        let changed = model.fields.iter().filter(|field| field.update);
        let inserted = model.fields.iter().filter(|field| {
            let is_made = model.own_key().any(|own| own.name == field.name) && model.key_origin == KeyOrigin::Server;
            !is_made && (field.insert != Insert::Never || model.is_key(field))
        });
        json!({
            "name": model.name,
            "type": model.type_name,
            "columns": model.fields.iter().map(|field| (field.name.clone(), json!({ "type": column(field.ty) }))).collect::<Map<_, _>>(),
            "rows": [self.row(model, 1), self.row(model, 2)],
            "edit": changed.map(|field| (field.name.clone(), self.value(field, 3))).collect::<Map<_, _>>(),
            "inputs": model.inputs.iter().map(|input| (input.name.clone(), self.json(&input.shape, 4, 0))).collect::<Map<_, _>>(),
            "insert": inserted.map(|field| (field.name.clone(), self.value(field, 4))).collect::<Map<_, _>>(),
        })
    }

    /// Odd rows have all fields, even ones null where that may be.
    fn row(&self, model: &Model, number: usize) -> Value {
        let (mut texts, mut values) = (Map::new(), Map::new());
        for field in &model.fields {
            let is_null = field.nullable && number.is_multiple_of(2);
            let value = if is_null { Value::Null } else { self.value(field, number) };
            let text = if is_null { Value::Null } else { text(field.ty, &value, number).into() };
            texts.insert(field.name.clone(), text);
            values.insert(field.name.clone(), value);
        }
        json!({ "texts": texts, "values": values })
    }

    /// As the application sees it.
    fn value(&self, field: &Field, number: usize) -> Value {
        let plain = match field.ty {
            FieldType::Json => return self.json(&field.shape, number, 0),
            FieldType::Text => return self.text(&field.shape, number),
            FieldType::Uuid => json!(format!("00000000-0000-4000-8000-00000000000{number}")),
            FieldType::DateTime => json!(format!("2026-01-0{number}T03:04:05.678901Z")),
            FieldType::Date => json!(format!("2026-01-0{number}")),
            FieldType::Time => json!(format!("03:04:0{number}")),
            FieldType::Int32 => json!(2_147_483_640 + number),
            // As large as a number of JavaScript may be.
            FieldType::Int64 => json!(9_007_199_254_740_980_u64 + number as u64),
            FieldType::Float => json!(number as f64 + 0.1),
            FieldType::Decimal { .. } => json!(format!("{number}.12345678901234567890")),
            FieldType::Boolean => json!(!number.is_multiple_of(2)),
            FieldType::Bytes => json!(["AAH/", "AAL/", "AAP/", "AAT/"][(number - 1) % 4]),
        };
        self.choice(&field.shape, number).unwrap_or(plain)
    }

    /// The value of an enumeration, or of a variant that is one.
    fn choice(&self, shape: &Shape, number: usize) -> Option<Value> {
        match self.named(shape) {
            Shape::Enum(values) => values.get(number % values.len()).cloned(),
            Shape::Union(variants) => variants.iter().find_map(|variant| self.choice(variant, number)),
            _ => None,
        }
    }

    fn text(&self, shape: &Shape, number: usize) -> Value {
        self.choice(shape, number).unwrap_or_else(|| json!(format!("it's \"{number}\" \\ {{ü,NULL}}")))
    }

    fn json(&self, shape: &Shape, number: usize, depth: usize) -> Value {
        let is_deep = depth >= MAX_DEPTH;
        match self.named(shape) {
            Shape::Unknown => json!({ "any": [number, null, "'"] }),
            Shape::Null => Value::Null,
            Shape::Boolean => json!(!number.is_multiple_of(2)),
            Shape::Number => json!(number as f64 + 0.5),
            Shape::String => self.text(shape, number),
            Shape::Enum(values) => values[number % values.len()].clone(),
            Shape::Array(_) if is_deep => json!([]),
            Shape::Array(inner) => json!([self.json(inner, number, depth + 1)]),
            Shape::Map(_) if is_deep => json!({}),
            Shape::Map(inner) => json!({ "a \"key\"": self.json(inner, number, depth + 1) }),
            Shape::OpenObject(properties, others) => {
                let mut object = self.json(&Shape::Object(properties.clone()), number, depth);
                if !is_deep {
                    object["another \"key\""] = self.json(others, number, depth + 1);
                }
                object
            }
            Shape::Object(properties) => {
                let there = properties.iter().filter(|property| property.required || depth < OPTIONAL_DEPTH);
                there.map(|p| (p.name.clone(), self.json(&p.shape, number, depth + 1))).collect::<Map<_, _>>().into()
            }
            Shape::Union(variants) if is_deep => {
                let ends = |variant: &&Shape| !matches!(self.named(variant), Shape::Object(_) | Shape::Union(_));
                self.json(variants.iter().find(ends).unwrap_or(&Shape::Null), number, depth + 1)
            }
            Shape::Union(variants) => self.json(&variants[number % variants.len()], number, depth + 1),
            Shape::Named(name) => panic!("{name} is nowhere"),
        }
    }

    /// What a name stands for.
    fn named<'s>(&'s self, shape: &'s Shape) -> &'s Shape {
        let mut shape = shape;
        while let Shape::Named(name) = shape
            && let Some(named) = self.project.types.iter().find(|named| named.name == *name)
        {
            shape = &named.shape;
        }
        shape
    }
}

/// PostgreSQL's text of a value.
fn text(ty: FieldType, value: &Value, number: usize) -> String {
    match (ty, value) {
        (FieldType::DateTime, Value::String(text)) => text.replace('T', " ").replace('Z', "+00"),
        (FieldType::Bytes, _) => format!("\\x000{number}ff"),
        (FieldType::Json, value) => value.to_string(),
        (_, Value::String(text)) => text.clone(),
        (_, value) => value.to_string(),
    }
}

/// What PostgreSQL calls a type.
fn column(ty: FieldType) -> &'static str {
    match ty {
        FieldType::Text => "text",
        FieldType::Uuid => "uuid",
        FieldType::DateTime => "timestamptz",
        FieldType::Date => "date",
        FieldType::Time => "time",
        FieldType::Int32 => "int4",
        FieldType::Int64 => "int8",
        FieldType::Float => "float8",
        FieldType::Decimal { .. } => "numeric",
        FieldType::Boolean => "bool",
        FieldType::Bytes => "bytea",
        FieldType::Json => "jsonb",
    }
}
