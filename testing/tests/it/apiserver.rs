use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Instant;
use zonewright_testing::{KubeApiserver, gateway_crds};

fn dns_endpoint_crd() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../src/crds/dnsendpoints.externaldns.k8s.io.yaml"))
}

fn service(address: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": "web", "namespace": "shop" },
        "spec": { "type": "LoadBalancer", "ports": [{ "port": 80 }] },
        "status": { "loadBalancer": { "ingress": [{ "ip": address }] } },
    })
}

fn config_map(name: &str, value: &str) -> Value {
    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": { "key": value } })
}

fn pod(image: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "app" },
        "spec": { "nodeName": "n1", "containers": [{ "name": "main", "image": image }] },
        "status": { "phase": "Running", "podIP": "198.51.100.7", "podIPs": [{ "ip": "198.51.100.7" }] },
    })
}

/// Status code of a list request made with that kubeconfig.
async fn list_services(kubeconfig: &Path, namespace: &str) -> u16 {
    let config = Kubeconfig::read_from(kubeconfig).unwrap();
    let config = kube::Config::from_custom_kubeconfig(config, &KubeConfigOptions::default()).await.unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let uri = format!("/api/v1/namespaces/{namespace}/services");
    let request = http::Request::get(uri).body(Vec::new()).unwrap();
    match client.request::<Value>(request).await {
        Ok(_) => 200,
        Err(kube::Error::Api(status)) => status.code,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn objects_keep_their_status_and_are_replaced() {
    let server = KubeApiserver::start().await.unwrap();

    let created = server.apply(&config_map("settings", "one")).await.unwrap();
    assert_eq!(created["metadata"]["namespace"], "default");
    server.apply(&config_map("settings", "two")).await.unwrap();
    assert_eq!(server.get(&config_map("settings", "")).await.unwrap()["data"]["key"], "two");

    // The namespace is made on demand, and the allocated address survives the second apply.
    let first = server.apply(&service("192.0.2.1")).await.unwrap();
    let second = server.apply(&service("192.0.2.2")).await.unwrap();
    let allocated: std::net::Ipv4Addr = first["spec"]["clusterIP"].as_str().unwrap().parse().unwrap();
    assert!(allocated.is_private(), "{allocated} is from the server's own range");
    assert_eq!(first["spec"]["clusterIP"], second["spec"]["clusterIP"]);
    assert_eq!(second["status"]["loadBalancer"]["ingress"][0]["ip"], "192.0.2.2");

    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": { "name": "web", "namespace": "shop" },
        "spec": { "rules": [{ "host": "www.example.org" }] },
        "status": { "loadBalancer": { "ingress": [{ "hostname": "lb.example.net" }] } },
    });
    let ingress = server.apply(&ingress).await.unwrap();
    assert_eq!(ingress["status"]["loadBalancer"]["ingress"][0]["hostname"], "lb.example.net");
    assert_eq!(ingress["metadata"]["generation"], 1);

    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": { "name": "n1" },
        "status": { "addresses": [{ "type": "ExternalIP", "address": "203.0.113.1" }] },
    });
    let node = server.apply(&node).await.unwrap();
    assert_eq!(node["status"]["addresses"][0]["address"], "203.0.113.1");

    // The node name of a pod may not change; such a pod is made anew.
    let pod_before = server.apply(&pod("registry.example.org/app:1")).await.unwrap();
    let mut moved = pod("registry.example.org/app:1");
    moved["spec"]["nodeName"] = json!("n2");
    let pod_after = server.apply(&moved).await.unwrap();
    assert_eq!(pod_after["status"]["podIP"], "198.51.100.7");
    assert_eq!(pod_after["spec"]["nodeName"], "n2");
    assert_ne!(pod_before["metadata"]["uid"], pod_after["metadata"]["uid"]);

    server.delete(&moved).await.unwrap();
    assert_eq!(server.get(&moved).await.unwrap_err().status(), Some(404));
    assert_eq!(server.delete(&moved).await.unwrap_err().status(), Some(404));
}

#[tokio::test]
async fn custom_resources_are_served_as_soon_as_they_are_installed() {
    let server = KubeApiserver::start().await.unwrap();
    let started = Instant::now();
    server.install_crds(dns_endpoint_crd()).await.unwrap();
    server.install_crds(&gateway_crds().unwrap()).await.unwrap();
    println!("definitions installed in {:?}", started.elapsed());

    let endpoint = json!({
        "apiVersion": "externaldns.k8s.io/v1alpha1", "kind": "DNSEndpoint",
        "metadata": { "name": "records" },
        "spec": { "endpoints": [{ "dnsName": "a.example.org", "recordType": "A", "targets": ["192.0.2.1"] }] },
        "status": { "observedGeneration": 1 },
    });
    let stored = server.apply(&endpoint).await.unwrap();
    assert_eq!(stored["spec"], endpoint["spec"]);
    assert_eq!(stored["status"], endpoint["status"]);
    let mut wrong = endpoint.clone();
    wrong["spec"]["endpoints"][0]["recordTTL"] = json!("60");
    assert_eq!(server.apply(&wrong).await.unwrap_err().status(), Some(422), "the schema is enforced");

    let route = json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": { "name": "web" },
        "spec": { "parentRefs": [{ "name": "edge" }], "hostnames": ["www.example.org"] },
        "status": { "parents": [{
            "parentRef": { "name": "edge" }, "controllerName": "example.net/controller",
            "conditions": [{
                "type": "Accepted", "status": "True", "reason": "Accepted", "message": "",
                "observedGeneration": 1, "lastTransitionTime": "2026-01-15T08:00:00Z",
            }],
        }] },
    });
    let stored = server.apply(&route).await.unwrap();
    assert_eq!(stored["status"]["parents"][0]["conditions"][0]["type"], "Accepted");
    assert_eq!(stored["spec"]["parentRefs"][0]["kind"], "Gateway", "defaults are filled in");

    for (version, kind) in [
        ("v1", "GRPCRoute"),
        ("v1", "TLSRoute"),
        ("v1", "ListenerSet"),
        ("v1", "Gateway"),
        ("v1alpha2", "TCPRoute"),
        ("v1alpha2", "UDPRoute"),
    ] {
        server.watch_over(&format!("gateway.networking.k8s.io/{version}"), kind).await.unwrap();
    }
}

#[tokio::test]
async fn a_user_may_do_only_what_a_binding_grants() {
    let server = KubeApiserver::start().await.unwrap();
    let alice = server.kubeconfig_for("alice").unwrap();
    assert_eq!(list_services(&server.kubeconfig_path(), "default").await, 200);
    assert_eq!(list_services(&alice, "default").await, 403);

    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "reader" },
        "rules": [{ "apiGroups": [""], "resources": ["services"], "verbs": ["list"] }],
    });
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": "alice" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "alice" }],
    });
    server.apply(&role).await.unwrap();
    server.apply(&binding).await.unwrap();
    // The authorizer reads from a watch cache, a moment behind.
    let started = Instant::now();
    while list_services(&alice, "default").await != 200 {
        assert!(started.elapsed().as_secs() < 10, "the binding has no effect");
    }
    assert_eq!(list_services(&alice, "kube-system").await, 403);
}

#[tokio::test]
async fn a_restart_keeps_port_and_data() {
    let mut server = KubeApiserver::start().await.unwrap();
    let url = server.url();
    server.apply(&service("192.0.2.1")).await.unwrap();

    server.stop_apiserver();
    assert!(server.get(&service("")).await.is_err(), "nobody answers while it is down");
    let started = Instant::now();
    server.start_apiserver().await.unwrap();
    println!("started again in {:?}", started.elapsed());
    assert_eq!(server.url(), url);
    let stored = server.get(&service("")).await.unwrap();
    assert_eq!(stored["status"]["loadBalancer"]["ingress"][0]["ip"], "192.0.2.1");
    server.restart_apiserver().await.unwrap();
    server.get(&service("")).await.unwrap();
}

#[tokio::test]
async fn a_reset_leaves_nothing_of_a_test_behind() {
    let started = Instant::now();
    let server = KubeApiserver::start().await.unwrap();
    println!("started in {:?}", started.elapsed());
    server.install_crds(dns_endpoint_crd()).await.unwrap();

    // What the server had before, some of it changed by the test.
    let default_namespace =
        json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "default" } });
    let own_service = json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "name": "kubernetes", "namespace": "default" } });
    let labels_before = server.get(&default_namespace).await.unwrap()["metadata"]["labels"].clone();

    for round in 0..3 {
        let started = Instant::now();
        let mut objects = vec![service("192.0.2.1"), pod("registry.example.org/app:1")];
        objects.extend((0..10).map(|n| config_map(&format!("settings-{n}"), "x")));
        objects.push(json!({
            "apiVersion": "externaldns.k8s.io/v1alpha1", "kind": "DNSEndpoint",
            "metadata": { "name": "stuck", "namespace": "shop", "finalizers": ["example.net/never"] },
        }));
        objects.push(json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "empty" } }));
        let mut in_system = config_map("mine", "x");
        in_system["metadata"]["namespace"] = json!("kube-system");
        objects.push(in_system);
        let mut labelled = default_namespace.clone();
        labelled["metadata"]["labels"] = json!({ "colour": "blue" });
        objects.push(labelled);
        for object in &objects {
            server.apply(object).await.unwrap();
        }
        println!("round {round}: applied {} objects in {:?}", objects.len(), started.elapsed());

        let started = Instant::now();
        server.reset().await.unwrap();
        println!("round {round}: reset in {:?}", started.elapsed());

        for object in objects.iter().filter(|object| object["metadata"]["name"] != "default") {
            assert_eq!(server.get(object).await.unwrap_err().status(), Some(404), "{object}");
        }
        let shop = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": "shop" } });
        assert_eq!(server.get(&shop).await.unwrap_err().status(), Some(404));
        assert_eq!(server.get(&default_namespace).await.unwrap()["metadata"]["labels"], labels_before);
        server.get(&own_service).await.unwrap();
    }
}
