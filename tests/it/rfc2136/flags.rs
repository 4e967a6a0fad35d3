//! Settings that cannot work are said at once, with the flag, and without secrets.

use crate::program::{bare, once};
use rstest::rstest;

#[rstest]
#[case(&["--rfc2136-port=53"], "--rfc2136-host")]
#[case(&["--rfc2136-host=127.0.0.1"], "--rfc2136-port")]
#[case(&["--rfc2136-host=127.0.0.1", "--rfc2136-port=53", "--rfc2136-zone=a b"], "--rfc2136-zone")]
#[case(&["--rfc2136-tsig-secret-alg=hmac-md5"], "MD5")]
#[case(&["--rfc2136-tsig-secret-alg=sha256"], "there are hmac-sha1, hmac-sha224")]
#[case(&["--rfc2136-tsig-keyname="], "--rfc2136-tsig-keyname")]
#[case(&["--rfc2136-tsig-secret=not base64"], "--rfc2136-tsig-secret is not base64")]
#[case(
    &["--rfc2136-gss-tsig", "--rfc2136-kerberos-realm=R", "--rfc2136-kerberos-username=u", "--rfc2136-kerberos-password=p"],
    "--rfc2136-gss-tsig is not supported"
)]
#[case(&["--rfc2136-host=h", "--rfc2136-port=853", "--rfc2136-use-tls", "--tls-ca=/no/such/ca"], "/no/such/ca")]
#[case(&["--rfc2136-host=h", "--rfc2136-port=853", "--rfc2136-use-tls", "--tls-client-cert=/c"], "--tls-client-cert-key")]
#[tokio::test]
async fn what_cannot_work_is_refused(#[case] flags: &[&str], #[case] part: &str) {
    let mut command = bare();
    command.args([
        "--provider=rfc2136",
        "--policy=sync",
        "--source=fake",
        "--txt-owner-id=me",
        "--rfc2136-axfr",
    ]);
    for default in [
        "--rfc2136-tsig-keyname=k",
        "--rfc2136-tsig-secret=c2VjcmV0",
        "--rfc2136-tsig-secret-alg=hmac-sha256",
    ] {
        let name = default.split('=').next().unwrap();
        if !flags.iter().any(|flag| flag.split('=').next() == Some(name)) {
            command.arg(default);
        }
    }
    command.args(flags);
    let ended = once(command).await;
    assert_eq!(ended.code, Some(1), "{}", ended.log);
    assert!(ended.log.contains(part), "{}", ended.log);
    assert!(!ended.log.contains("c2VjcmV0") && !ended.log.contains("not base64\""), "{}", ended.log);
}
