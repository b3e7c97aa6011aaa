use serde_json::{Value, json};

use super::*;
use crate::config::Style;
use crate::diagnostics::Problems;
use crate::discovery::group::resources;
use crate::discovery::rows::{Found, KnownIds, find_row};
use crate::openapi::Tree;

/// A list of things with these parameters of its query, this answer, and these headers of it.
fn list(parameters: &[Value], answer: &Value, headers: &Value, config: Option<&ListConfig>) -> Listing {
    list_in("application/json", parameters, answer, headers, config)
}

fn list_in(media: &str, parameters: &[Value], answer: &Value, headers: &Value, config: Option<&ListConfig>) -> Listing {
    let content = |schema: &Value| json!({ media: { "schema": schema } });
    let thing = json!({ "$ref": "#/components/schemas/Thing" });
    let id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } });
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "t", "version": "1" },
        "paths": {
            "/things": { "get": {
                "parameters": parameters,
                "responses": { "200": { "headers": headers, "content": content(answer) } },
            } },
            "/things/{id}": { "get": {
                "parameters": [id],
                "responses": { "200": { "content": content(&thing) } },
            } },
        },
        "components": { "schemas": { "Thing": {
            "type": "object",
            "required": ["id"],
            "properties": { "id": { "type": "string" }, "name": { "type": "string" } },
        } } },
    });
    let document = Document::new(Tree::from(document), &mut Problems::default()).unwrap();
    let found = resources(&document, &[], &mut |_| {});
    let Found::Row(row) = find_row(&document, &found[0], &KnownIds::of(&document)) else { panic!("no row") };
    listing(&document, &found[0], &row, &["id".to_owned()], config).unwrap()
}

fn query(name: &str, schema: Value) -> Value {
    json!({ "name": name, "in": "query", "schema": schema })
}

/// The `page` of JSON:API, as an object with these members.
fn page_of(members: Value) -> Value {
    json!({ "name": "page", "in": "query", "style": "deepObject", "schema": { "type": "object", "properties": members } })
}

fn number(name: &str) -> Value {
    query(name, json!({ "type": "integer" }))
}

fn text(name: &str) -> Value {
    query(name, json!({ "type": "string" }))
}

fn rows() -> Value {
    json!({ "type": "array", "items": { "$ref": "#/components/schemas/Thing" } })
}

/// The rows as `items`, and beside them these members.
fn beside(members: Value) -> Value {
    let mut properties = members;
    properties["items"] = rows();
    json!({ "type": "object", "properties": properties })
}

/// What an answer says of its page: a `next` that is described so.
fn paging(next: &str) -> Value {
    json!({ "paging": { "type": "object", "properties": { "next": { "type": "string", "description": next } } } })
}

fn place(names: &[&str]) -> Option<Vec<String>> {
    Some(owned(names))
}

fn size(parameter: &str, rows: u32) -> Option<Size> {
    Some(Size { parameter: parameter.to_owned(), rows })
}

#[test]
fn styles() {
    let integer = || json!({ "type": "integer" });
    let string = || json!({ "type": "string" });
    let uri = || json!({ "type": "string", "format": "uri" });
    let limit = || size("limit", 1_000);
    let offset = |total| Page::Offset { offset: "offset".to_owned(), size: limit(), total };
    let cursor = |parameter: &str, next: &[&str]| Page::Cursor {
        cursor: parameter.to_owned(),
        next: owned(next),
        size: limit(),
    };
    let after = |name: &str, more| Page::After { after: name.to_owned(), key: "id".to_owned(), more, size: limit() };
    let link = |next, size| Page::Link { next, size };
    let paged = |pages, last| Page::Number {
        page: "page".to_owned(),
        first: 1,
        size: size("per_page", 1_000),
        total: None,
        pages,
        last,
    };
    let numbered = [number("page"), number("per_page")];
    let cases = [
        ("nothing", vec![], rows(), Page::None { size: None }),
        ("no way on", vec![number("limit")], rows(), Page::None { size: limit() }),
        (
            "a filter by that name",
            vec![query("offset", json!({ "type": "boolean" }))],
            rows(),
            Page::None { size: None },
        ),
        ("an offset", vec![number("limit"), number("offset")], rows(), offset(None)),
        (
            "an offset, and a total",
            vec![number("limit"), number("offset")],
            beside(json!({ "meta": { "type": "object", "properties": { "total": integer() } } })),
            offset(place(&["meta", "total"])),
        ),
        (
            "the count that Django has beside its links",
            vec![number("limit"), number("offset")],
            beside(json!({ "count": integer(), "next": uri(), "previous": uri() })),
            offset(place(&["count"])),
        ),
        (
            "the count of a page",
            vec![number("limit"), number("offset")],
            beside(json!({ "count": integer() })),
            offset(None),
        ),
        ("pages", numbered.to_vec(), rows(), paged(None, None)),
        (
            "pages, and how many",
            numbered.to_vec(),
            beside(json!({ "total_pages": integer() })),
            paged(place(&["total_pages"]), None),
        ),
        (
            "pages, of which one is the last",
            numbered.to_vec(),
            beside(json!({ "last": { "type": "boolean" } })),
            paged(None, place(&["last"])),
        ),
        (
            "a cursor",
            vec![text("cursor"), number("limit")],
            beside(json!({ "next_cursor": string() })),
            cursor("cursor", &["next_cursor"]),
        ),
        (
            "a cursor that goes before an offset",
            vec![text("page_token"), number("offset"), number("limit")],
            beside(json!({ "meta": { "type": "object", "properties": { "nextPageToken": string() } } })),
            cursor("page_token", &["meta", "nextPageToken"]),
        ),
        ("a cursor that no answer has", vec![text("cursor")], rows(), Page::None { size: None }),
        (
            "the key of the last row",
            vec![text("starting_after"), number("limit")],
            beside(json!({ "has_more": { "type": "boolean" } })),
            after("starting_after", place(&["has_more"])),
        ),
        (
            "a cursor that goes before the key of the last row",
            vec![text("after"), number("limit")],
            beside(json!({ "next_cursor": string(), "has_more": { "type": "boolean" } })),
            cursor("after", &["next_cursor"]),
        ),
        (
            "the key of the last row, and nothing that says whether there are more",
            vec![text("starting_after"), number("limit")],
            rows(),
            Page::None { size: limit() },
        ),
        (
            "a cursor, and a link that says no format",
            vec![text("page[cursor]"), number("limit")],
            beside(json!({ "links": { "type": "object", "properties": { "next": string() } } })),
            link(place(&["links", "next"]), limit()),
        ),
        (
            "Django's cursor, which is a link",
            vec![text("cursor"), number("limit")],
            beside(json!({ "next": uri() })),
            link(place(&["next"]), limit()),
        ),
        (
            "a link among links",
            vec![number("limit")],
            beside(json!({ "links": { "type": "object", "properties": { "next": string() } } })),
            link(place(&["links", "next"]), limit()),
        ),
        (
            "a link by its description",
            vec![number("limit"), number("since")],
            beside(paging("The relative path of the next page")),
            link(place(&["paging", "next"]), limit()),
        ),
        (
            "a token by its description",
            vec![number("limit"), text("cursor")],
            beside(paging("URL-safe token of the next page")),
            cursor("cursor", &["paging", "next"]),
        ),
        (
            "a cursor whose description speaks of a URL",
            vec![number("limit"), text("cursor")],
            beside(
                json!({ "next_cursor": { "type": "string", "description": "Append it to the URL of the next page" } }),
            ),
            cursor("cursor", &["next_cursor"]),
        ),
        (
            "text that isn't called anything",
            vec![number("limit")],
            beside(paging("The next page")),
            Page::None { size: limit() },
        ),
        (
            "HAL's link",
            vec![],
            beside(json!({ "_links": { "type": "object", "properties": {
                "next": { "type": "object", "properties": { "href": string() } },
            } } })),
            link(place(&["_links", "next", "href"]), None),
        ),
        (
            "OData's link, which ends with `$top`",
            vec![number("$top"), number("$skip")],
            beside(json!({ "@odata.nextLink": string() })),
            link(place(&["@odata.nextLink"]), None),
        ),
    ];
    for (name, parameters, answer, expected) in cases {
        assert_eq!(list(&parameters, &answer, &json!({}), None).page, expected, "{name}");
    }
    let header = json!({ "link": { "schema": { "type": "string" } } });
    assert_eq!(list(&[number("limit")], &rows(), &header, None).page, link(None, limit()));
}

#[test]
fn pages_in_brackets() {
    let integer = || json!({ "type": "integer" });
    let string = || json!({ "type": "string" });
    let numbered =
        |size| Page::Number { page: "page[number]".to_owned(), first: 1, size, total: None, pages: None, last: None };
    let offset = || Page::Offset { offset: "page[offset]".to_owned(), size: size("page[limit]", 1_000), total: None };
    let after = |more| Page::After {
        after: "page[after]".to_owned(),
        key: "id".to_owned(),
        more,
        size: size("page[size]", 1_000),
    };
    let of_size = json!({ "number": integer(), "size": { "type": "integer", "maximum": 100 } });
    let links = json!({ "links": { "type": "object", "properties": { "next": string() } } });
    let cases = [
        ("an object", vec![page_of(of_size.clone())], rows(), numbered(size("page[size]", 100))),
        (
            "an object with an offset",
            vec![page_of(json!({ "offset": integer(), "limit": integer() }))],
            rows(),
            offset(),
        ),
        (
            "literal names",
            vec![number("page[number]"), number("page[size]")],
            rows(),
            numbered(size("page[size]", 1_000)),
        ),
        ("a literal offset", vec![number("page[offset]"), number("page[limit]")], rows(), offset()),
        (
            "the key of the last row",
            vec![page_of(json!({ "after": string(), "size": integer() }))],
            beside(json!({ "has_more": { "type": "boolean" } })),
            after(place(&["has_more"])),
        ),
        (
            "a cursor, and the link that has it",
            vec![text("page[after]"), number("page[size]")],
            beside(links),
            Page::Link { next: place(&["links", "next"]), size: size("page[size]", 1_000) },
        ),
        // As the standard has an object that says no style.
        (
            "members as parameters of their own",
            vec![query("pageable", json!({ "properties": { "page": integer(), "size": integer() } }))],
            rows(),
            Page::Number {
                page: "page".to_owned(),
                first: 1,
                size: size("size", 1_000),
                total: None,
                pages: None,
                last: None,
            },
        ),
        (
            "an object in one text",
            vec![
                json!({ "name": "page", "in": "query", "explode": false, "schema": { "properties": of_size.clone() } }),
            ],
            rows(),
            Page::None { size: None },
        ),
    ];
    for (name, parameters, answer, expected) in cases {
        assert_eq!(list(&parameters, &answer, &json!({}), None).page, expected, "{name}");
    }
    // JSON:API has no other form.
    let unsaid = [query("page", json!({ "type": "object", "properties": of_size }))];
    let sent = |media: &str| {
        let page = list_in(media, &unsaid, &rows(), &json!({}), None).page;
        page.parameters().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(sent("application/vnd.api+json"), ["page[number]", "page[size]"]);
    assert_eq!(sent("application/json"), ["size"]);
}

#[test]
fn where_no_page_leads_on() {
    let cases = [
        (text("cursor"), Some("cursor")),
        (number("limit"), Some("limit")),
        (text("name"), None),
        (page_of(json!({})), Some("page")),
    ];
    for (parameter, expected) in cases {
        assert_eq!(list(&[parameter], &rows(), &json!({}), None).unpaged.as_deref(), expected);
    }
    assert_eq!(list(&[number("limit"), number("offset")], &rows(), &json!({}), None).unpaged, None);
}

#[test]
fn the_first_page() {
    let spring = beside(json!({ "totalElements": { "type": "integer" } }));
    let cases = [
        ("page", json!({}), rows(), 1),
        ("page", json!({ "default": 0 }), rows(), 0),
        ("page", json!({ "minimum": 0 }), rows(), 0),
        ("page", json!({ "default": 1, "minimum": 0 }), rows(), 1),
        // Such a number is a default, and no first page.
        ("page", json!({ "default": 5 }), rows(), 1),
        ("page", json!({}), spring.clone(), 0),
        ("page", json!({ "minimum": 1 }), spring, 1),
        ("pageIndex", json!({}), rows(), 0),
    ];
    for (name, mut schema, answer, expected) in cases {
        let said = schema.to_string();
        schema["type"] = json!("integer");
        let Page::Number { first, .. } = list(&[query(name, schema)], &answer, &json!({}), None).page else {
            panic!("{name} isn't the number of a page")
        };
        assert_eq!(first, expected, "{name}: {said}");
    }
}

#[test]
fn the_rows_of_a_page() {
    let cases = [
        (json!({}), 1_000),
        (json!({ "maximum": 200 }), 200),
        (json!({ "maximum": 100, "default": 20 }), 100),
        (json!({ "maximum": 100_000 }), 1_000),
        (json!({ "maximum": 0 }), 1_000),
        (json!({ "maximum": -1 }), 1_000),
    ];
    for (mut schema, expected) in cases {
        let said = schema.to_string();
        schema["type"] = json!("integer");
        let page = list(&[query("page_size", schema), number("page")], &rows(), &json!({}), None).page;
        assert_eq!(page.size(), size("page_size", expected).as_ref(), "{said}");
    }
}

#[test]
fn what_the_config_says() {
    let parameters =
        [number("limit"), number("offset"), query("chunk", json!({ "type": "integer", "maximum": 50, "minimum": 0 }))];
    let answer = beside(json!({ "sum": { "type": "integer" } }));
    let with = |config: ListConfig| list(&parameters, &answer, &json!({}), Some(&config)).page;
    let offset = |size, total| Page::Offset { offset: "offset".to_owned(), size, total };
    let usual = ListConfig::default;
    let cases = [
        (usual(), offset(size("limit", 1_000), None)),
        (ListConfig { max: Some(20), ..usual() }, offset(size("limit", 20), None)),
        (ListConfig { size: Some("chunk".to_owned()), ..usual() }, offset(size("chunk", 50), None)),
        (ListConfig { total: place(&["sum"]), ..usual() }, offset(size("limit", 1_000), place(&["sum"]))),
        (ListConfig { style: Some(Style::None), ..usual() }, Page::None { size: None }),
        (
            ListConfig { style: Some(Style::After("from".to_owned())), more: place(&["meta", "more"]), ..usual() },
            Page::After {
                after: "from".to_owned(),
                key: "id".to_owned(),
                more: place(&["meta", "more"]),
                size: size("limit", 1_000),
            },
        ),
        (
            ListConfig { style: Some(Style::Link(None)), ..usual() },
            Page::Link { next: None, size: size("limit", 1_000) },
        ),
        (
            ListConfig { style: Some(Style::Cursor("from".to_owned(), owned(&["to"]))), max: Some(9), ..usual() },
            Page::Cursor { cursor: "from".to_owned(), next: owned(&["to"]), size: size("limit", 9) },
        ),
    ];
    for (config, expected) in cases {
        assert_eq!(with(config.clone()), expected, "{config:?}");
    }
    let by_page = |parameter: &str, first| ListConfig {
        style: Some(Style::Page(parameter.to_owned())),
        first,
        last: place(&["end"]),
        ..ListConfig::default()
    };
    // What the document says of the parameter holds, also where it has no name that is known.
    for (parameter, first, expected) in [("chunk", None, 0), ("chunk", Some(1), 1), ("unknown", None, 1)] {
        let expected = Page::Number {
            page: parameter.to_owned(),
            first: expected,
            size: size("limit", 1_000),
            total: None,
            pages: None,
            last: place(&["end"]),
        };
        assert_eq!(with(by_page(parameter, first)), expected);
    }
}
