//! What values become.

use super::{Release, daemon, flags, helm, helm_on, objects, of_kind, path, render};
use insta::{assert_snapshot, with_settings};
use serde_json::{Value, json};
use zonewright::cli::{Command, parse};

#[test]
fn every_values_file_renders_as_it_was_reviewed() {
    for release in Release::all() {
        // The chart's version is in every label; a release of it changes nothing here.
        let text = release
            .text(&[])
            .replace(concat!("zonewright-", env!("CARGO_PKG_VERSION")), "zonewright-VERSION");
        let text = text.replace(concat!("version: \"", env!("CARGO_PKG_VERSION")), "version: \"VERSION");
        with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            assert_snapshot!(release.case(), text);
        });
    }
}

#[test]
fn every_values_file_passes_the_linter() {
    for release in Release::all() {
        let values = release.values.to_str().unwrap();
        let output = helm(&["lint", "--strict", "--namespace", &release.namespace, "--values", values]);
        assert!(output.status.success(), "{}: {}", release.case(), String::from_utf8_lossy(&output.stdout));
    }
}

/// Whatever is not built into this program yet says so; every other flag is one, and means something.
#[test]
fn the_program_takes_the_flags() {
    let mut taken = 0;
    for release in Release::all() {
        let flags = flags(&release.objects(&[]));
        let words = std::iter::once("zonewright".to_owned()).chain(flags.clone());
        match parse(words.map(Into::into), &|_| None) {
            Ok(Command::Run(_)) => taken += 1,
            Ok(other) => panic!("{}: {other:?}", release.case()),
            Err(exit) if exit.message.contains("this version of Zonewright does not have provider") => {}
            Err(exit) => panic!("{}: {} ({flags:?})", release.case(), exit.message),
        }
    }
    assert!(taken >= 10, "{taken}");
}

/// The recorded defaults of the ExternalDNS chart: an upgrade changes the image and nothing that was asked for.
#[test]
fn a_release_of_external_dns_keeps_its_names_labels_and_flags() {
    let objects = render(("external-dns", "kube-system"), &[]).unwrap();
    let expected = [
        "--log-level=info",
        "--log-format=text",
        "--interval=1m",
        "--source=service",
        "--source=ingress",
        "--policy=sync",
        "--registry=txt",
        "--provider=aws",
    ];
    assert_eq!(flags(&objects), expected);
    let deployment = of_kind(&objects, "Deployment")[0];
    let labels =
        json!({"app.kubernetes.io/name": "external-dns", "app.kubernetes.io/instance": "external-dns"});
    assert_eq!(deployment["metadata"]["name"], "external-dns");
    assert_eq!(deployment["spec"]["selector"]["matchLabels"], labels);
    assert_eq!(deployment["spec"]["strategy"], json!({"type": "Recreate"}));
    assert_eq!(of_kind(&objects, "ServiceAccount")[0]["metadata"]["name"], "external-dns");
    assert_eq!(of_kind(&objects, "ClusterRoleBinding")[0]["metadata"]["name"], "external-dns-viewer");
    let name = |release: &str| {
        let objects = render((release, "dns"), &[]).unwrap();
        let deployment = of_kind(&objects, "Deployment")[0]["metadata"]["name"].clone();
        let account = of_kind(&objects, "ServiceAccount")[0]["metadata"]["name"].clone();
        (deployment, account, daemon(&objects)["name"].clone())
    };
    let of =
        |[deployment, account, container]: [&str; 3]| (json!(deployment), json!(account), json!(container));
    assert_eq!(name("dns"), of(["dns-external-dns", "dns-external-dns", "external-dns"]));
    assert_eq!(name("zonewright-internal"), of(["zonewright-internal", "zonewright-internal", "zonewright"]));
}

/// A chart of somebody's own that contains this one twice.
#[test]
fn aliases_of_a_dependency_keep_apart() {
    let folder = tempfile::tempdir().unwrap();
    let charts = folder.path().join("charts");
    std::fs::create_dir(&charts).unwrap();
    std::os::unix::fs::symlink(path("charts/zonewright"), charts.join("zonewright")).unwrap();
    let dependency =
        |alias: &str| json!({"name": "zonewright", "version": env!("CARGO_PKG_VERSION"), "alias": alias});
    let dependencies = [dependency("external-dns"), dependency("external-dns-internal")];
    let chart = json!({"apiVersion": "v2", "name": "dns", "version": "1.0.0", "dependencies": dependencies});
    std::fs::write(folder.path().join("Chart.yaml"), chart.to_string()).unwrap();
    let policies = ["external-dns.policy=sync", "external-dns-internal.policy=upsert-only"].join(",");
    let output = helm_on(folder.path(), &["template", "platform", "--namespace", "dns", "--set", &policies]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let objects = objects(&String::from_utf8(output.stdout).unwrap(), "dns");
    let mut names: Vec<&Value> =
        of_kind(&objects, "Deployment").iter().map(|object| &object["metadata"]["name"]).collect();
    names.sort_by_key(|name| name.to_string());
    assert_eq!(names, ["platform-external-dns", "platform-external-dns-internal"]);
}

#[test]
fn the_container_may_nothing_by_default() {
    let objects = render(("zonewright", "dns"), &[]).unwrap();
    let context = &daemon(&objects)["securityContext"];
    for (key, expected) in [
        ("runAsNonRoot", json!(true)),
        ("readOnlyRootFilesystem", json!(true)),
        ("allowPrivilegeEscalation", json!(false)),
        ("privileged", json!(false)),
        ("capabilities", json!({"drop": ["ALL"]})),
    ] {
        assert_eq!(context[key], expected, "{key}");
    }
    let pod = &of_kind(&objects, "Deployment")[0]["spec"]["template"]["spec"];
    assert_eq!(pod["securityContext"]["seccompProfile"], json!({"type": "RuntimeDefault"}));
}

#[test]
fn replicas_elect_a_leader_and_keep_apart() {
    let objects = render(("zonewright", "dns"), &["replicaCount=3"]).unwrap();
    let flags = flags(&objects);
    assert!(
        flags.ends_with(&["--leader-elect".into(), "--leader-election-lease-name=zonewright".into()]),
        "{flags:?}"
    );
    let deployment = of_kind(&objects, "Deployment")[0];
    assert_eq!(deployment["spec"]["strategy"]["type"], "RollingUpdate");
    let spread = &deployment["spec"]["template"]["spec"]["topologySpreadConstraints"][0];
    assert_eq!(spread["topologyKey"], "kubernetes.io/hostname");
    assert_eq!(of_kind(&objects, "PodDisruptionBudget")[0]["spec"]["maxUnavailable"], 1);
    let error =
        render(("zonewright", "dns"), &["replicaCount=2", "leaderElection.enabled=false"]).unwrap_err();
    assert!(error.contains("leaderElection.enabled"), "{error}");
}

/// What cannot work fails before anything is changed in the cluster.
#[test]
fn mistakes_are_refused() {
    for (values, expected) in [
        (&["policy=everything"][..], "policy"),
        (&["policy=null"], "policy"),
        (&["txtPrefix=a", "txtSuffix=b"], "'txtPrefix' and 'txtSuffix' are mutually exclusive"),
        (&["sources={service,knative-service}"], "source knative-service is not part of this version"),
        (&["provider.name=webhook"], "provider.webhook.image.repository"),
        (&["guard.share=101"], "/guard/share"),
        (&["guard.shares=10"], "/guard"),
        (&["hold.maxAge=soon"], "/hold/maxAge"),
        (&["image.repo=x"], "/image"),
        (&["enabled=perhaps"], "/enabled"),
        (&["replicaCount=-1"], "/replicaCount"),
        (&["secretConfiguration.enabled=true"], "secretConfiguration.mountPath"),
    ] {
        let error = render(("zonewright", "dns"), values).unwrap_err();
        assert!(error.contains(expected), "{values:?}: {error}");
    }
}

#[test]
fn the_definition_of_dns_endpoints_is_that_of_the_program() {
    let file = "dnsendpoints.externaldns.k8s.io.yaml";
    let [of_chart, of_program] = ["charts/zonewright/crds", "src/crds"]
        .map(|folder| std::fs::read_to_string(path(folder).join(file)).unwrap());
    assert!(of_chart == of_program, "copy src/crds/{file} to charts/zonewright/crds");
}

#[test]
fn chart_and_program_have_one_version() {
    let text = std::fs::read_to_string(path("charts/zonewright/Chart.yaml")).unwrap();
    let chart: Value = zonewright::sources::store::parse_yaml(&text).remove(0).content.unwrap();
    assert_eq!(
        (&chart["version"], &chart["appVersion"]),
        (&json!(env!("CARGO_PKG_VERSION")), &json!(env!("CARGO_PKG_VERSION")))
    );
}
