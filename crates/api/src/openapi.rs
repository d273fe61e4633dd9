//! The description of the web app's API.

use crate::error::ErrorBody;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Required, ResponseBuilder, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The whole description, as `/api/openapi.json` gives it.
#[must_use]
pub fn description() -> OpenApi {
    finish(crate::routes::router().split_for_parts().1)
}

/// Adds what every operation has in common: the path's parameters and the shape of errors.
fn finish(mut description: OpenApi) -> OpenApi {
    description.info.title = "IS-Messenger web API".to_owned();
    description.info.description = Some(
        "What the agent web app uses. Instants are microseconds since 1970 UTC. Changing requests carry the header \
         X-ISM-Client; errors have the shape of ErrorBody."
            .to_owned(),
    );
    description.info.contact = None;
    let components = description.components.get_or_insert_default();
    components.schemas.insert("ErrorBody".to_owned(), ErrorBody::schema());
    let mut more = Vec::new();
    ErrorBody::schemas(&mut more);
    components.schemas.extend(more);
    for (name, schema) in &mut components.schemas {
        require_members(name, schema);
    }
    for (path, item) in &mut description.paths.paths {
        let operations = [
            &mut item.get,
            &mut item.post,
            &mut item.patch,
            &mut item.put,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            complete(path, operation);
        }
    }
    description
}

/// Members that are left out when there is nothing to say.
const LEFT_OUT: &[(&str, &str)] = &[("InvitationView", "url"), ("Field", "options")];

/// Answers always carry all their members: what is not there is null.
fn require_members(name: &str, schema: &mut RefOr<Schema>) {
    let answer = [
        "View",
        "Page",
        "Detail",
        "Info",
        "Result",
        "Descriptor",
        "Field",
        "Counters",
        "LastMessage",
        "Actor",
        "Capabilities",
    ];
    if !answer.iter().any(|ending| name.ends_with(ending)) {
        return;
    }
    if let RefOr::T(Schema::Object(object)) = schema {
        object.required = object
            .properties
            .keys()
            .filter(|member| !LEFT_OUT.contains(&(name, member.as_str())))
            .cloned()
            .collect();
    }
}

fn complete(path: &str, operation: &mut Operation) {
    let parameters = operation.parameters.get_or_insert_default();
    for name in path.split('{').skip(1).filter_map(|rest| rest.split('}').next()) {
        if parameters
            .iter()
            .any(|known| matches!(known, RefOr::T(known) if known.name == name))
        {
            continue;
        }
        let kind = if matches!(name, "token" | "file_name") {
            Type::String
        } else {
            Type::Integer
        };
        parameters.push(RefOr::T(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(ObjectBuilder::new().schema_type(SchemaType::new(kind)).build()))
                .build(),
        ));
    }
    let error = ResponseBuilder::new()
        .description("What is wrong, and what to do")
        .content(
            "application/json",
            Content::new(Some(Ref::from_schema_name("ErrorBody"))),
        )
        .build();
    operation
        .responses
        .responses
        .entry("default".to_owned())
        .or_insert(RefOr::T(error));
}
