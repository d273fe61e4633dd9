//! The committed description of the API, from which the web app takes its types, is the one the server gives.

#[test]
fn the_committed_description_is_current() {
    let given = serde_json::to_value(ism_api::openapi::description()).expect("the description is JSON");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/openapi.json");
    let committed: serde_json::Value = std::fs::read_to_string(path)
        .ok()
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    assert!(
        given == committed,
        "the API has changed: run `make codegen` and commit web/openapi.json with the change"
    );
}

#[test]
fn every_operation_says_what_errors_look_like() {
    let given = serde_json::to_value(ism_api::openapi::description()).expect("the description is JSON");
    let mut operations = 0;
    for (path, item) in given["paths"].as_object().expect("there are paths") {
        for (method, operation) in item.as_object().expect("a path has operations") {
            operations += 1;
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            let named = path.matches('{').count();
            let described = operation["parameters"].as_array().map_or(0, |list| {
                list.iter().filter(|parameter| parameter["in"] == "path").count()
            });
            assert_eq!(named, described, "{method} {path} describes its path's parameters");
        }
    }
    assert!(operations >= 35, "{operations}");
}
