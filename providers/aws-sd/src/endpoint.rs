//! Discovery has a host of its own: `data-` and the host of everything else. Where the endpoint is not AWS's (`AWS_ENDPOINT_URL`: a
//! test, a gateway) there is no such host.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// Takes the prefix off hosts that are not AWS's, before the request is signed.
#[derive(Debug)]
pub(crate) struct BareHost;

const PREFIX: &str = "data-";

/// What the names of AWS's own hosts end in, in all partitions, private endpoints included.
const OF_AWS: [&str; 8] = [
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".c2s.ic.gov",
    ".sc2s.sgov.gov",
    ".cloud.adc-e.uk",
    ".csp.hci.ic.gov",
];

#[aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint]
impl Intercept for BareHost {
    fn name(&self) -> &'static str {
        "bare host"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        if let Some(uri) = without_prefix(request.uri()) {
            request.set_uri(uri)?;
        }
        Ok(())
    }
}

fn without_prefix(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once("://")?;
    let rest = rest.strip_prefix(PREFIX)?;
    let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
    let is_of_aws = OF_AWS.iter().any(|ending| host.ends_with(ending));
    (!is_of_aws).then(|| format!("{scheme}://{rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("https://data-servicediscovery.eu-west-1.amazonaws.com/", None)]
    #[case("https://data-servicediscovery.cn-north-1.amazonaws.com.cn/", None)]
    #[case("https://data-vpce-1-2.servicediscovery.eu-west-1.vpce.amazonaws.com/", None)]
    #[case("http://data-127.0.0.1:4566/", Some("http://127.0.0.1:4566/"))]
    #[case("http://data-localhost:4566", Some("http://localhost:4566"))]
    #[case("https://data-gateway.example.org/aws/", Some("https://gateway.example.org/aws/"))]
    #[case("https://servicediscovery.example.org/", None)]
    fn only_hosts_of_aws_have_the_prefix(#[case] uri: &str, #[case] bare: Option<&str>) {
        assert_eq!(without_prefix(uri).as_deref(), bare);
    }
}
