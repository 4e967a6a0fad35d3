//! What an API server would hold: objects by kind, namespace and name, with generations that count.

use serde_json::{Value, json};

/// Objects in the order in which they were created.
#[derive(Default)]
pub struct Objects(Vec<Value>);

impl Objects {
    pub fn apply(&mut self, object: &Value) {
        let mut object = object.clone();
        match self.0.iter_mut().find(|existing| is_same(existing, &object)) {
            Some(existing) => {
                let generation = existing["metadata"]["generation"].as_i64().unwrap_or(1);
                let changed = existing["spec"] != object["spec"];
                object["metadata"]["generation"] = json!(if changed { generation + 1 } else { generation });
                // A replacement does not touch the status; only one that brings its own writes it too.
                if object["status"].is_null() && !existing["status"].is_null() {
                    object["status"] = existing["status"].take();
                }
                *existing = object;
            }
            None => {
                object["metadata"]["generation"] = json!(1);
                self.0.push(object);
            }
        }
    }

    pub fn delete(&mut self, object: &Value) {
        self.0.retain(|existing| !is_same(existing, object));
    }

    pub fn as_list(&self) -> Value {
        json!({"apiVersion": "v1", "kind": "List", "items": self.0})
    }
}

fn is_same(a: &Value, b: &Value) -> bool {
    let namespace = |object: &Value| object["metadata"]["namespace"].as_str().unwrap_or("default").to_owned();
    a["kind"] == b["kind"] && a["metadata"]["name"] == b["metadata"]["name"] && namespace(a) == namespace(b)
}
