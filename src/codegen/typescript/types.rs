//! The views of the files in `types`.

use std::collections::BTreeSet;

use serde::Serialize;

use super::access;
use super::comment::Comment;
use super::layout::{self, Member, Type};
use super::module::{Module, SHARED};
use super::name_list::NameList;
use super::shapes::{self, Aliases};
use crate::codegen::BANNER;
use crate::codegen::template::{File, Page, Renderer};
use crate::codegen::width::width;
use crate::config::Int64;
use crate::model::NamedType;
use crate::names::ts;
use crate::plan::{Column, ModelPlan, OnInsert, OnUpdate};

#[derive(Serialize)]
struct ModelView<'a> {
    banner: &'a str,
    imports: Option<NameList>,
    row: Interface,
    /// Whether rows say what of them isn't saved yet.
    is_local: bool,
    create: Option<Interface>,
    update: Option<Interface>,
    access: Option<Access>,
}

#[derive(Serialize)]
struct Access {
    name: String,
    value: String,
    /// The function that says which fields a role may edit.
    can_edit: String,
}

#[derive(Serialize)]
struct SharedView<'a> {
    banner: &'a str,
    types: Vec<Definition>,
}

/// One of the two.
#[derive(Serialize)]
struct Definition {
    interface: Option<Interface>,
    alias: Option<Alias>,
}

#[derive(Clone, Default, Serialize)]
struct Alias {
    /// Whole lines, or nothing.
    comment: String,
    name: String,
    /// With the blank before it.
    definition: String,
}

#[derive(Serialize)]
struct AliasView {
    alias: Alias,
}

#[derive(Serialize)]
struct Interface {
    /// Whole lines, or nothing.
    comment: String,
    name: String,
    members: Vec<MemberView>,
}

#[derive(Serialize)]
struct MemberView {
    /// Whole lines, or nothing.
    comment: String,
    key: String,
    /// With the blank before it: a long union starts on a line of its own.
    annotation: String,
}

pub fn model(renderer: &Renderer, module: &Module, int64: Int64) -> anyhow::Result<File> {
    let (plan, model) = (module.plan, module.plan.model);
    let row = row_members(plan, int64);
    let create = refer_to_row(create_members(plan, int64), &module.row, &row);
    let update = refer_to_row(update_members(plan, int64), &module.row, &row);
    let mut names = BTreeSet::new();
    [&row, &create, &update].into_iter().flatten().for_each(|member| member.ty.collect_names(&mut names));
    let view = ModelView {
        banner: BANNER,
        imports: NameList::new("import type", names, &format!("./{SHARED}.js")),
        row: row_interface(module, &row),
        is_local: model.is_local(),
        create: module.create.as_ref().map(|name| interface(name, Comment::default(), &create)),
        update: module.update.as_ref().map(|name| interface(name, Comment::default(), &update)),
        access: module.access.as_ref().map(|(name, can_edit)| access_view(module, name, can_edit)),
    };
    let page = Page::new("types.ts", format!("types/{}.ts", module.stem)).about(&model.name);
    renderer.render(page, view)
}

fn access_view(module: &Module, name: &str, can_edit: &str) -> Access {
    Access { name: name.to_owned(), value: access::value(module.plan.model), can_edit: can_edit.to_owned() }
}

pub fn shared(renderer: &Renderer, types: &[NamedType]) -> anyhow::Result<File> {
    let aliases = Aliases::new(types);
    let types = types.iter().map(|named| definition(renderer, named, &aliases)).collect::<anyhow::Result<_>>()?;
    renderer.render(Page::new("shared-types.ts", format!("types/{SHARED}.ts")), SharedView { banner: BANNER, types })
}

fn definition(renderer: &Renderer, named: &NamedType, aliases: &Aliases) -> anyhow::Result<Definition> {
    let comment = Comment::new(named.doc.as_deref(), false);
    let ty = match aliases.definition(named) {
        Type::Object(members) => {
            return Ok(Definition { interface: Some(interface(&named.name, comment, &members)), alias: None });
        }
        ty => ty,
    };
    let alias = Alias { name: named.name.clone(), ..Alias::default() };
    // Where the definition breaks depends on how wide the rest of its line is.
    let line = renderer.part("alias.ts", AliasView { alias: alias.clone() })?;
    let definition = layout::definition(&ty, width(line.trim_end()).saturating_sub(";".len()));
    Ok(Definition { interface: None, alias: Some(Alias { comment: comment.text(0), definition, ..alias }) })
}

fn interface(name: &str, comment: Comment, members: &[Member]) -> Interface {
    let members = members.iter().map(|member| MemberView {
        comment: member.comment.text(2),
        key: member.key(),
        annotation: member.annotation(2),
    });
    Interface { comment: comment.text(0), name: name.to_owned(), members: members.collect() }
}

/// What the application can't write, whatever the model, is read-only in the type as well.
fn row_interface(module: &Module, members: &[Member]) -> Interface {
    let comment = Comment::new(module.plan.model.doc.as_deref(), false);
    let mut interface = interface(&module.row, comment, members);
    for (member, column) in interface.members.iter_mut().zip(&module.plan.columns) {
        if column.field.metadata.is_some() {
            member.key.insert_str(0, "readonly ");
        }
    }
    interface
}

fn row_members(plan: &ModelPlan, int64: Int64) -> Vec<Member> {
    plan.columns.iter().map(|column| member(column, false, column.can_show_null, int64)).collect()
}

fn create_members(plan: &ModelPlan, int64: Int64) -> Vec<Member> {
    let columns = plan.columns.iter().filter(|column| column.is_offered_on_insert());
    let create_member = |column: &Column| {
        let is_required = column.on_insert == OnInsert::Required;
        // In an insert, null is the same as nothing.
        member(column, !is_required, column.field.nullable && !is_required, int64)
    };
    let inputs = plan.model.inputs.iter().map(|input| Member {
        comment: Comment::new(input.doc.as_deref(), false),
        name: Some(input.name.clone()),
        optional: false,
        ty: shapes::shape(&input.shape),
    });
    columns.map(create_member).chain(inputs).collect()
}

fn update_members(plan: &ModelPlan, int64: Int64) -> Vec<Member> {
    let columns = plan.columns.iter().filter(|column| column.on_update.can_be_set());
    columns.map(|column| member(column, true, column.on_update == OnUpdate::Nullable, int64)).collect()
}

/// A type that takes several lines stands in the row alone: another value of an enum then changes one place.
fn refer_to_row(members: Vec<Member>, row: &str, row_members: &[Member]) -> Vec<Member> {
    let referring = members.into_iter().map(|member| {
        let Some(name) = &member.name else { return member };
        let same = row_members.iter().find(|other| other.name.as_ref() == Some(name));
        let Some(shown) = same.filter(|_| member.annotation(2).contains('\n')) else { return member };
        let place = format!("{row}[{}]", ts::string(name));
        let ty = if shown.ty == member.ty {
            Type::Word(place)
        } else if shown.ty == shapes::or_null(member.ty.clone()) {
            Type::Word(format!("NonNullable<{place}>"))
        } else {
            return member;
        };
        Member { ty, ..member }
    });
    referring.collect()
}

fn member(column: &Column, optional: bool, or_null: bool, int64: Int64) -> Member {
    let ty = shapes::column(column, int64);
    Member {
        comment: Comment::new(column.field.doc.as_deref(), column.field.deprecated),
        name: Some(column.field.name.clone()),
        optional,
        ty: if or_null { shapes::or_null(ty) } else { ty },
    }
}
