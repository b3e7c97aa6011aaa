//! Whether the files of a hostile document are those of its harmless twin, but for the places that its text belongs to.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_patterns::codegen::Files;

use crate::codegen::hostile::tokens::{self, Kind, Token};

/// The client's files that are made for each document. The server's are run, in a test of their own.
pub fn own(files: &Files) -> impl Iterator<Item = (&String, &String)> {
    let is_own = |path: &str| !path.starts_with("db/") && !path.starts_with("server/");
    files.iter().filter(move |(path, _)| is_own(path) || *path == "db/client/defaults.ts")
}

pub fn compare(twin: &Files, hostile: &Files) -> Result<(), String> {
    let paths: BTreeMap<String, &String> = own(hostile).map(|(path, _)| (place(path, twin), path)).collect();
    if paths.len() != own(twin).count() {
        return Err(format!("other files: {:?}", paths.values()));
    }
    for (path, text) in own(twin) {
        let found = paths.get(&place(path, &Files::new())).or_else(|| paths.get(path));
        let Some(found) = found else { return Err(format!("{path} is missing")) };
        same_tokens(path, text, &hostile[*found]).map_err(|what| format!("{found}: {what}"))?;
    }
    Ok(())
}

/// The path of a file, with the model's name left out.
fn place(path: &str, known: &Files) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_fixed = known.contains_key(path) && !is_quiet(path);
    let ending = name.find("-sql.ts").or_else(|| name.find('.'));
    match ending {
        Some(start) if !is_fixed && (!known.is_empty() || is_quiet(path)) => format!("{folder}/*{}", &name[start..]),
        _ => path.to_owned(),
    }
}

fn same_tokens(path: &str, twin: &str, hostile: &str) -> Result<(), String> {
    if path == ".gitattributes" {
        return if twin == hostile { Ok(()) } else { Err("it depends on the document".to_owned()) };
    }
    if path.ends_with(".json") {
        return same_json(&read_json(twin)?, &read_json(hostile)?);
    }
    let tokenize = |text: &str| if path.ends_with(".sql") { tokens::sql(text) } else { tokens::typescript(text) };
    let (twin, hostile) = (tokenize(twin)?, tokenize(hostile)?);
    give_no_instructions(&hostile, &twin)?;
    let (twin, hostile) = (normal_form(twin), normal_form(hostile));
    for (index, one) in twin.iter().enumerate() {
        let Some(other) = hostile.get(index) else { return Err(format!("nothing for {one:?}")) };
        let both_are_keys = [one, other].iter().all(|token| matches!(token.kind, Kind::Word | Kind::Text));
        let may_differ = is_quiet(&one.text) && (one.kind == other.kind || both_are_keys && !path.ends_with(".sql"));
        let are_hashes = [one, other].iter().all(|token| token.kind == Kind::Text && is_hash(&token.text));
        if one != other && !may_differ && !are_hashes {
            return Err(format!("{other:?} for {one:?}"));
        }
    }
    if hostile.len() > twin.len() { Err(format!("more: {:?}", hostile[twin.len()])) } else { Ok(()) }
}

/// Whether a part of the harmless output is made of a position's text.
fn is_quiet(text: &str) -> bool {
    text.to_lowercase().contains("quiet")
}

/// Whether it is the hash of a model's SQL, in quotes.
fn is_hash(text: &str) -> bool {
    text.len() == 18 && text.trim_matches('"').bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// To the compiler, but for those that the twin gives, too.
fn give_no_instructions(tokens: &[Token], twin: &[Token]) -> Result<(), String> {
    for comment in tokens.iter().filter(|token| token.kind == Kind::Comment && !twin.contains(token)) {
        let mut lines = comment.text.lines().map(|line| line.trim_start_matches(['/', '*', ' ']));
        if let Some(line) = lines.find(|line| line.starts_with("@ts-")) {
            return Err(format!("an instruction to a tool: {line}"));
        }
    }
    Ok(())
}

/// Without what depends on the length of a text: comments, the marks of a list that takes several lines, and brackets
/// around a key.
fn normal_form(tokens: Vec<Token>) -> Vec<Token> {
    let tokens: Vec<Token> = tokens.into_iter().filter(|token| token.kind != Kind::Comment).collect();
    let is_mark = |index: usize, marks: &str| {
        tokens.get(index).is_some_and(|token| token.kind == Kind::Mark && marks.contains(&token.text))
    };
    let is_key = |open: usize| {
        let begins = open > 0 && is_mark(open - 1, "{,;");
        begins && tokens.get(open + 1).is_some_and(|token| token.kind == Kind::Text) && is_mark(open + 3, ":?")
    };
    let is_layout = |index: usize| {
        let ends_list = is_mark(index, ",;") && is_mark(index + 1, "}])");
        let begins_union = is_mark(index, "|") && index > 0 && is_mark(index - 1, "=:(<,");
        let opens_key = is_mark(index, "[") && is_key(index);
        let closes_key = is_mark(index, "]") && index > 1 && is_mark(index - 2, "[") && is_key(index - 2);
        ends_list || begins_union || opens_key || closes_key
    };
    let kept = (0..tokens.len()).filter(|index| !is_layout(*index));
    kept.map(|index| tokens[index].clone()).collect()
}

/// Without the server's tables: which of them has a rule depends on what SQL can say of a pattern.
fn read_json(text: &str) -> Result<Value, String> {
    let mut value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if let Some(members) = value.as_object_mut() {
        members.shift_remove("tables");
    }
    Ok(value)
}

fn same_json(twin: &Value, hostile: &Value) -> Result<(), String> {
    match (twin, hostile) {
        (Value::String(one), Value::String(_)) if is_quiet(one) => Ok(()),
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            one.iter().zip(other).try_for_each(|(one, other)| same_json(one, other))
        }
        (Value::Object(one), Value::Object(other)) if one.len() == other.len() => {
            for ((key, one), (name, other)) in one.iter().zip(other) {
                if key != name && !is_quiet(key) {
                    return Err(format!("the key {name:?} for {key:?}"));
                }
                same_json(one, other)?;
            }
            Ok(())
        }
        (one, other) if one == other => Ok(()),
        (one, other) => Err(format!("{other} for {one}")),
    }
}
