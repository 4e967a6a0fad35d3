//! Files, flags and variables that are broken on the very line that holds the secret.

use super::runs::{Setup, say_nothing_secret};
use crate::program::Objects;

#[tokio::test(flavor = "multi_thread")]
async fn azure_files() {
    let objects = Objects::new();
    for text in [
        "{\"aadClientSecret\": canary}",
        "{\"aadClientSecret\": \"canary",
        "{\"aadClientSecret\": \"canary\",}",
        "{\"aadClientSecret\": [\"canary\"]}",
        "{\"aadClientSecret\": \"canary\", \"useManagedIdentityExtension\": \"canary\"}",
        "[\"canary\"]",
        "canary",
        "aadClientSecret: canary",
    ] {
        let file = objects.file("azure.json", text);
        let setup = Setup::of("azure").arg(&format!("--azure-config-file={}", file.display()));
        say_nothing_secret(text, &setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aws_files() {
    let objects = Objects::new();
    for text in [
        "[default]\naws_access_key_id = A\naws_secret_access_key canary\n",
        "[default]\naws_secret_access_key = canary\n",
        "[default canary\naws_secret_access_key = canary\n",
        "canary\n",
        " canary = canary\n",
        "[default]\ncredential_process = sh -c 'echo canary; echo canary >&2; exit 1'\n",
        "[default]\ncredential_process = sh -c 'echo {\\\"Version\\\": 1, canary'\n",
    ] {
        let file = objects.file("credentials", text);
        let setup = Setup::of("aws")
            .arg("--aws-api-retries=1")
            .env("PATH", "/usr/bin:/bin")
            .env("AWS_REGION", "us-east-1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
            .env("AWS_CONFIG_FILE", file.to_str().unwrap())
            .env("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap());
        say_nothing_secret(text, &setup).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_ownership_rows() {
    let base = || Setup::of("inmemory").arg("--inmemory-zone=example.org").arg("--txt-encrypt-enabled");
    let good = "canary-key-of-exactly-32-bytes-x";
    assert_eq!(good.len(), 32);
    say_nothing_secret("good", &base().arg(&format!("--txt-encrypt-aes-key={good}"))).await;
    say_nothing_secret("short", &base().arg("--txt-encrypt-aes-key=canary")).await;
    say_nothing_secret("variable", &base().env("EXTERNAL_DNS_TXT_ENCRYPT_AES_KEY", "canary")).await;
    say_nothing_secret("one dash", &base().arg("-txt-encrypt-aes-key=canary")).await;
    say_nothing_secret("misspelt", &base().arg("--txt-encrypt-aes-kee=canary")).await;
    say_nothing_secret(
        "twice",
        &base().arg("--txt-encrypt-aes-key=canary").arg("--txt-encrypt-aes-key=canary2"),
    )
    .await;
    say_nothing_secret("two words", &base().arg("--txt-encrypt-aes-key").arg("x").arg("canary")).await;
    for flag in
        ["pdns-api-key", "pihole-password", "rfc2136-tsig-secret", "godaddy-api-secret", "exoscale-apisecret"]
    {
        say_nothing_secret(flag, &base().arg("--txt-encrypt-aes-key=x").arg(&format!("--{flag}=canary")))
            .await;
    }
}

/// What is in manifests is for everybody, but a Secret among them is not.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_among_manifests() {
    for text in [
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: canary\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n\tpassword: canary\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: *canary\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: \"canary\n---\n",
        "{\"kind\": \"Secret\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"s\"}, \"data\": canary}",
        "kind: Secret\ndata: canary\n",
    ] {
        let objects = Objects::new();
        let file = objects.file("secret.yaml", text);
        let setup = Setup::of("inmemory")
            .arg("--inmemory-zone=example.org")
            .arg(&format!("--manifests={}", file.display()));
        say_nothing_secret(text, &setup).await;
    }
}

fn kubeconfig(server: &str, cluster: &str, user: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{{name: c, cluster: {{server: '{server}'{cluster}}}}}]\n\
         users: [{{name: c, user: {user}}}]\ncontexts: [{{name: c, context: {{cluster: c, user: c}}}}]\n"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn kubeconfigs() {
    use super::echo::{Echo, Manner};
    let echo = Echo::start(Manner::Json, 403).await;
    let plain = Echo::start(Manner::Plain, 401).await;
    let objects = Objects::new();
    let token_file = objects.file("token", "canary-token-of-file\n");
    let token_file = format!("{{tokenFile: '{}'}}", token_file.display());
    let exec = |script: &str| {
        format!(
            "{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, '{script}'], \
             interactiveMode: Never, env: [{{name: PASSWORD, value: canary-variable}}]}}}}"
        )
    };
    let nobody = "http://127.0.0.1:9";
    let (url, other) = (echo.url(), plain.url());
    let with_user = format!("http://me:canary@{}", echo.address());
    let texts = [
        kubeconfig(&url, "", "{token: canary-token}"),
        kubeconfig(&other, "", "{token: canary-token}"),
        kubeconfig(&url, "", "{username: me, password: canary-password}"),
        kubeconfig(&url, "", &token_file),
        kubeconfig(&with_user, "", "{}"),
        kubeconfig(&url, ", proxy-url: 'ftp://me:canary@h'", "{}"),
        kubeconfig(&url, ", proxy-url: 'http://me:canary@127.0.0.1:9'", "{}"),
        kubeconfig(&url, ", proxy-url: 'me:canary@h x'", "{}"),
        kubeconfig(nobody, "", "{client-key-data: canary, client-certificate-data: canary}"),
        kubeconfig(nobody, "", "{client-key-data: Y2FuYXJ5, client-certificate-data: Y2FuYXJ5}"),
        kubeconfig(&url, "", "{token: [canary]}"),
        kubeconfig(&url, "", "{token: canary"),
        kubeconfig(&url, "", "canary"),
        kubeconfig(&url, "", "{token: \"canary\\nx\"}"),
        kubeconfig(&url, "", &exec("echo canary; echo canary >&2; exit 3")),
        kubeconfig(&url, "", &exec("echo canary")),
        kubeconfig(&url, "", &exec("echo {\"kind\": canary")),
        "canary".to_owned(),
    ];
    for text in texts {
        let file = objects.file("kubeconfig", &text);
        let setup = Setup::of("inmemory")
            .arg("--inmemory-zone=example.org")
            .arg("--kube-api-request-timeout=2s")
            .env("PATH", "/usr/bin:/bin")
            .arg(&format!("--kubeconfig={}", file.display()));
        say_nothing_secret(&text, &setup).await;
    }
    for heard in [echo.heard(), plain.heard()] {
        assert!(heard.contains("Bearer canary-token"), "{heard}");
    }
    let file = objects.file("kubeconfig", &kubeconfig(&url, "", "{}"));
    for server in ["http://me:canary@h h", "http://me:canary@127.0.0.1:9"] {
        let setup = Setup::of("inmemory")
            .arg("--inmemory-zone=example.org")
            .arg(&format!("--kubeconfig={}", file.display()))
            .arg("--kube-api-request-timeout=2s")
            .arg(&format!("--server={server}"));
        say_nothing_secret(server, &setup).await;
    }
}
