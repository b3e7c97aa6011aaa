/// `1 model`, `2 models`
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// `one`, `one or two`, `one, two or three`, each in backquotes; at most `most` of them.
pub fn one_of<S: AsRef<str>>(names: &[S], most: usize) -> String {
    joined(names, most, "or")
}

/// `one`, `one and two`, `one, two and three`, each in backquotes; at most `most` of them.
pub fn all_of<S: AsRef<str>>(names: &[S], most: usize) -> String {
    joined(names, most, "and")
}

fn joined<S: AsRef<str>>(names: &[S], most: usize, word: &str) -> String {
    let mut quoted: Vec<String> = names.iter().take(most).map(|name| format!("`{}`", name.as_ref())).collect();
    if names.len() > most {
        return format!("{}, … ({} in all)", quoted.join(", "), names.len());
    }
    match quoted.pop() {
        None => String::new(),
        Some(last) if quoted.is_empty() => last,
        Some(last) => format!("{} {word} {last}", quoted.join(", ")),
    }
}

/// The known name that is most like `name`, if one is like it at all.
pub fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&name, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
