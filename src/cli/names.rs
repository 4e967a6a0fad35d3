//! The closed sets of values: sources, providers, registries, policies and the like.

use clap::ValueEnum;
use clap::builder::PossibleValue;

/// An enum whose variants are spelled as on the command line. An empty spelling is accepted but not listed among the choices.
macro_rules! named {
    ($(#[$meta:meta])* pub enum $name:ident { $($variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $(#[doc = concat!("Spelled `", $text, "`.")] $variant,)+ }

        impl $name {
            /// Every value, in the order of the listings.
            pub const ALL: &[$name] = &[$($name::$variant,)+];

            /// The value as typed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl ValueEnum for $name {
            fn value_variants<'a>() -> &'a [Self] {
                Self::ALL
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(PossibleValue::new(self.as_str()).hide(self.as_str().is_empty()))
            }
        }
    };
}

named! {
    /// A value of `--source`.
    pub enum SourceName {
        AmbassadorHost = "ambassador-host",
        Connector = "connector",
        ContourHttpproxy = "contour-httpproxy",
        Crd = "crd",
        Empty = "empty",
        F5TransportServer = "f5-transportserver",
        F5VirtualServer = "f5-virtualserver",
        Fake = "fake",
        GatewayGrpcRoute = "gateway-grpcroute",
        GatewayHttpRoute = "gateway-httproute",
        GatewayTcpRoute = "gateway-tcproute",
        GatewayTlsRoute = "gateway-tlsroute",
        GatewayUdpRoute = "gateway-udproute",
        GlooProxy = "gloo-proxy",
        Ingress = "ingress",
        IstioGateway = "istio-gateway",
        IstioVirtualService = "istio-virtualservice",
        KongTcpIngress = "kong-tcpingress",
        Node = "node",
        OpenshiftRoute = "openshift-route",
        Pod = "pod",
        Service = "service",
        SkipperRoutegroup = "skipper-routegroup",
        TraefikProxy = "traefik-proxy",
        Unstructured = "unstructured",
    }
}

named! {
    /// A value of `--provider`.
    pub enum ProviderName {
        AlibabaCloud = "alibabacloud",
        Aws = "aws",
        AwsSd = "aws-sd",
        Azure = "azure",
        AzureDns = "azure-dns",
        AzurePrivateDns = "azure-private-dns",
        Civo = "civo",
        Cloudflare = "cloudflare",
        CoreDns = "coredns",
        Dnsimple = "dnsimple",
        Exoscale = "exoscale",
        GoDaddy = "godaddy",
        Google = "google",
        InMemory = "inmemory",
        Linode = "linode",
        Ns1 = "ns1",
        Oci = "oci",
        Ovh = "ovh",
        Pdns = "pdns",
        Pihole = "pihole",
        Rfc2136 = "rfc2136",
        Scaleway = "scaleway",
        SkyDns = "skydns",
        Webhook = "webhook",
    }
}

named! {
    /// A value of `--registry`.
    pub enum RegistryName {
        AwsSd = "aws-sd",
        Crd = "crd",
        DynamoDb = "dynamodb",
        Noop = "noop",
        Txt = "txt",
    }
}

named! {
    /// Which of the planned changes are made (`--policy`).
    pub enum Policy {
        Sync = "sync",
        UpsertOnly = "upsert-only",
        CreateOnly = "create-only",
    }
}

named! {
    /// Whose annotations are understood besides our own (`--compatibility`).
    pub enum Compatibility {
        Mate = "mate",
        Molecule = "molecule",
        KopsDnsController = "kops-dns-controller",
    }
}

named! {
    /// A value of `--service-type-filter`.
    pub enum ServiceType {
        ClusterIp = "ClusterIP",
        NodePort = "NodePort",
        LoadBalancer = "LoadBalancer",
        ExternalName = "ExternalName",
    }
}

named! {
    /// How log lines look (`--log-format`).
    pub enum LogFormat {
        Text = "text",
        Json = "json",
    }
}

named! {
    /// The least important log lines that are written (`--log-level`).
    pub enum LogLevel {
        Panic = "panic",
        Fatal = "fatal",
        Error = "error",
        Warning = "warning",
        Info = "info",
        Debug = "debug",
        Trace = "trace",
    }
}

named! {
    /// A Kubernetes Event that can be written on objects (`--events-emit`). The first three are those of ExternalDNS.
    pub enum EmittedEvent {
        RecordReady = "RecordReady",
        RecordDeleted = "RecordDeleted",
        RecordError = "RecordError",
        RecordHeld = "RecordHeld",
        RecordConflict = "RecordConflict",
        RecordDenied = "RecordDenied",
        RecordInvalid = "RecordInvalid",
        RecordWithheld = "RecordWithheld",
        RecordQuarantined = "RecordQuarantined",
    }
}

named! {
    /// Which zones of a cloud provider are managed.
    pub enum ZoneVisibility {
        Public = "public",
        Private = "private",
    }
}

named! {
    /// Which zones of Oracle Cloud are managed (`--oci-zone-scope`).
    pub enum OciZoneScope {
        Global = "GLOBAL",
        Private = "PRIVATE",
    }
}

named! {
    /// The lowest TLS version of Cloudflare custom hostnames.
    pub enum TlsVersion {
        V1_0 = "1.0",
        V1_1 = "1.1",
        V1_2 = "1.2",
        V1_3 = "1.3",
    }
}

named! {
    /// Who signs the certificates of Cloudflare custom hostnames.
    pub enum CertificateAuthority {
        None = "none",
        Google = "google",
        SslCom = "ssl_com",
        LetsEncrypt = "lets_encrypt",
    }
}

named! {
    /// Which of several RFC 2136 servers is asked.
    pub enum LoadBalancing {
        Disabled = "disabled",
        Random = "random",
        RoundRobin = "round-robin",
    }
}

named! {
    /// What `plan` prints (`--output`).
    pub enum PlanFormat {
        Text = "text",
        Json = "json",
        Markdown = "markdown",
    }
}

named! {
    /// What `lint` and `explain` print (`--output`).
    pub enum ReportFormat {
        Text = "text",
        Json = "json",
    }
}

named! {
    /// What `snapshot` writes (`--format`).
    pub enum SnapshotFormat {
        Json = "json",
        Bind = "bind",
    }
}

named! {
    /// Whether output is coloured (`--color`).
    pub enum ColorChoice {
        Auto = "auto",
        Always = "always",
        Never = "never",
    }
}
