//! The keys that stand twice in one mapping of a YAML text. Of keys that are numbers, reading hands over the last alone.

use std::collections::HashSet;

use granit_parser::{Event, Parser};

use super::value::Repeated;

/// An open mapping or sequence while the events pass.
enum Level {
    Mapping { keys: HashSet<String>, key: String, is_value_next: bool },
    Sequence { index: usize },
}

/// Notes them, by how they are written.
pub fn note(text: &str, repeated: &mut Repeated) {
    let mut levels: Vec<Level> = Vec::new();
    let mut parser = Parser::new_from_str(text);
    while let Some(Ok((event, _))) = parser.next_event() {
        if matches!(event, Event::MappingEnd | Event::SequenceEnd) {
            levels.pop();
            continue;
        }
        if !event.is_node() {
            continue;
        }
        let scalar = event.scalar().map(|(text, _)| text);
        if levels.last_mut().is_some_and(|level| level.is_repeated_by(scalar)) {
            repeated.note_path(levels.iter().rev().map(Level::token).collect());
        }
        match event {
            Event::MappingStart(..) => {
                levels.push(Level::Mapping { keys: HashSet::new(), key: String::new(), is_value_next: false });
            }
            Event::SequenceStart(..) => levels.push(Level::Sequence { index: 0 }),
            _ => {}
        }
    }
}

impl Level {
    /// Takes the next node, and says whether it is a key that was there already. A merge key may be.
    fn is_repeated_by(&mut self, scalar: Option<&str>) -> bool {
        match self {
            Level::Sequence { index } => {
                *index += 1;
                false
            }
            Level::Mapping { is_value_next, .. } if *is_value_next => {
                *is_value_next = false;
                false
            }
            Level::Mapping { keys, key, is_value_next } => {
                *is_value_next = true;
                *key = scalar.unwrap_or_default().to_owned();
                scalar.is_some_and(|scalar| scalar != "<<" && !keys.insert(scalar.to_owned()))
            }
        }
    }

    /// Where in it the last node is.
    fn token(&self) -> String {
        match self {
            Level::Mapping { key, .. } => key.clone(),
            Level::Sequence { index } => index.saturating_sub(1).to_string(),
        }
    }
}
