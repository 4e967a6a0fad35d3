//! The zones that AWS services keep for aliases to point into.
//!
//! This table is the double's own, so that a provider's is checked against something: from the pages on endpoints in the AWS
//! General Reference as other projects have copied them (moto and terraform-provider-aws for load balancers, aws-cdk for S3
//! websites and Elastic Beanstalk), and for VPC endpoints from DescribeVpcEndpoints outputs. Zone ids that a source gives for two
//! regions are left out.

use crate::name::Name;

/// Zone ids, each with the endings of the names in it.
pub(crate) struct AliasZones(Vec<(String, String)>);

impl Default for AliasZones {
    fn default() -> Self {
        let regional = REGIONAL.iter().flat_map(|(endings, zones)| {
            zones.iter().flat_map(move |(region, id)| {
                // The partition of China ends its names differently.
                let top = if region.starts_with("cn-") { ".cn" } else { "" };
                let ending = move |ending: &&str| (id.to_string(), ending.replace("REGION", region) + top);
                endings.iter().map(ending)
            })
        });
        let global = GLOBAL.iter().map(|(ending, id)| (id.to_string(), ending.to_string()));
        AliasZones(regional.chain(global).collect())
    }
}

impl AliasZones {
    pub(crate) fn add(&mut self, id: &str, ending: &str) {
        self.0.push((id.to_owned(), ending.trim_matches('.').to_lowercase()));
    }

    /// Whether a name lies in the zone of a service.
    pub(crate) fn serves(&self, id: &str, target: &Name) -> bool {
        let name = target.as_str().trim_end_matches('.');
        let lies_in = |ending: &str| {
            name.strip_suffix(ending).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        self.0.iter().any(|(known, ending)| known == id && lies_in(ending))
    }
}

/// Names end the same in all regions: CloudFront, with edge-optimised APIs and AppSync behind it, and Global Accelerator.
const GLOBAL: [(&str, &str); 2] =
    [("cloudfront.net", "Z2FDTNDATAQYW2"), ("awsglobalaccelerator.com", "Z2BJ6XQ5FK7U4H")];

/// Regions and the zone ids of a service in them.
type Zones = &'static [(&'static str, &'static str)];

/// How names end, and the zone id of each region.
const REGIONAL: [(&[&str], Zones); 6] = [
    (&["REGION.elb.amazonaws.com"], LOAD_BALANCERS),
    (&["elb.REGION.amazonaws.com"], NETWORK_LOAD_BALANCERS),
    (&["execute-api.REGION.amazonaws.com"], APIS),
    (&["REGION.vpce.amazonaws.com"], VPC_ENDPOINTS),
    // Both spellings are in use, depending on the age of the region.
    (&["s3-website-REGION.amazonaws.com", "s3-website.REGION.amazonaws.com"], WEBSITES),
    (&["REGION.elasticbeanstalk.com"], BEANSTALK),
];

/// Application and Classic Load Balancers.
#[rustfmt::skip]
const LOAD_BALANCERS: Zones = &[
    ("af-south-1", "Z268VQBMOI5EKX"), ("ap-east-1", "Z3DQVH9N71FHZ0"), ("ap-east-2", "Z02789141MW7T1WBU19PO"),
    ("ap-northeast-1", "Z14GRHDCWA56QT"), ("ap-northeast-2", "ZWKZPGTI48KDX"), ("ap-northeast-3", "Z5LXEXXYW11ES"),
    ("ap-south-1", "ZP97RAFLXTNZK"), ("ap-south-2", "Z0173938T07WNTVAEPZN"), ("ap-southeast-1", "Z1LMS91P8CMLE5"),
    ("ap-southeast-2", "Z1GM3OXH4ZPM65"), ("ap-southeast-3", "Z08888821HLRG5A9ZRTER"),
    ("ap-southeast-4", "Z09517862IB2WZLPXG76F"), ("ap-southeast-5", "Z06010284QMVVW7WO5J"),
    ("ap-southeast-6", "Z023301818UFJ50CIO0MV"), ("ap-southeast-7", "Z0390008CMBRTHFGWBCB"),
    ("ca-central-1", "ZQSVJUPU6J1EY"), ("ca-west-1", "Z06473681N0SF6OS049SD"), ("cn-north-1", "Z1GDH35T77C1KE"),
    ("cn-northwest-1", "ZM7IZAIOVVDZF"), ("eu-central-1", "Z215JYRZR1TBD5"), ("eu-central-2", "Z06391101F2ZOEP8P5EB3"),
    ("eu-north-1", "Z23TAZ6LKFMNIO"), ("eu-south-1", "Z3ULH7SSC9OV64"), ("eu-south-2", "Z0956581394HF5D5LXGAP"),
    ("eu-west-1", "Z32O12XQLNTSW2"), ("eu-west-2", "ZHURV8PSTC4K8"), ("eu-west-3", "Z3Q77PNBQS71R4"),
    ("il-central-1", "Z09170902867EHPV2DABU"), ("me-central-1", "Z08230872XQRWHG2XF6I"), ("me-south-1", "ZS929ML54UICD"),
    ("mx-central-1", "Z023552324OKD1BB28BH5"), ("sa-east-1", "Z2P70J7HTTTPLU"), ("us-east-1", "Z35SXDOTRQ7X7K"),
    ("us-east-2", "Z3AADJGX6KTTL2"), ("us-gov-east-1", "Z166TLBEWOO7G0"), ("us-gov-west-1", "Z33AYJ8TM3BH4J"),
    ("us-west-1", "Z368ELLRRE2KJ0"), ("us-west-2", "Z1H1FL5HABSF5"),
];

/// Network Load Balancers.
#[rustfmt::skip]
const NETWORK_LOAD_BALANCERS: Zones = &[
    ("af-south-1", "Z203XCE67M25HM"), ("ap-east-1", "Z12Y7K3UBGUAD1"), ("ap-east-2", "Z09176273OC2HWIAUNYW"),
    ("ap-northeast-1", "Z31USIVHYNEOWT"), ("ap-northeast-2", "ZIBE1TIR4HY56"), ("ap-northeast-3", "Z1GWIQ4HH19I5X"),
    ("ap-south-1", "ZVDDRBQ08TROA"), ("ap-south-2", "Z0711778386UTO08407HT"), ("ap-southeast-1", "ZKVM4W9LS7TM"),
    ("ap-southeast-2", "ZCT6FZBF4DROD"), ("ap-southeast-3", "Z01971771FYVNCOVWJU1G"),
    ("ap-southeast-4", "Z01156963G8MIIL7X90IV"), ("ap-southeast-5", "Z026317210H9ACVTRO6FB"),
    ("ap-southeast-6", "Z01392953RKV2Q3RBP0KU"), ("ap-southeast-7", "Z054363131YWATEMWRG5L"),
    ("ca-central-1", "Z2EPGBW3API2WT"), ("ca-west-1", "Z02754302KBB00W2LKWZ9"), ("cn-north-1", "Z3QFB96KMJ7ED6"),
    ("cn-northwest-1", "ZQEIKTCZ8352D"), ("eu-central-1", "Z3F0SRJ5LGBH90"), ("eu-central-2", "Z02239872DOALSIDCX66S"),
    ("eu-north-1", "Z1UDT6IFJ4EJM"), ("eu-south-1", "Z23146JA1KNAFP"), ("eu-south-2", "Z1011216NVTVYADP1SSV"),
    ("eu-west-1", "Z2IFOLAFXWLO4F"), ("eu-west-2", "ZD4D7Y8KGAS4G"), ("eu-west-3", "Z1CMS0P5QUZ6D5"),
    ("il-central-1", "Z0313266YDI6ZRHTGQY4"), ("me-central-1", "Z00282643NTTLPANJJG2P"), ("me-south-1", "Z3QSRYVP46NYYV"),
    ("mx-central-1", "Z02031231H3ID6HYJ9A7U"), ("sa-east-1", "ZTK26PT1VY4CU"), ("us-east-1", "Z26RNL4JYFTOTI"),
    ("us-east-2", "ZLMOA37VPKANP"), ("us-gov-east-1", "Z1ZSMQQ6Q24QQ8"), ("us-gov-west-1", "ZMG1MZ2THAWF1"),
    ("us-west-1", "Z24FKFUX50B4VW"), ("us-west-2", "Z18D5FSROUN65G"),
];

/// Regional endpoints of API Gateway.
#[rustfmt::skip]
const APIS: Zones = &[
    ("af-south-1", "Z2DHW2332DAMTN"), ("ap-east-1", "Z3FD1VL90ND7K5"), ("ap-northeast-1", "Z1YSHQZHG15GKL"),
    ("ap-northeast-2", "Z20JF4UZKIW1U8"), ("ap-northeast-3", "Z22ILHG95FLSZ2"), ("ap-south-1", "Z3VO1THU9YC4UR"),
    ("ap-south-2", "Z0853509Q1135NJ66RUH"), ("ap-southeast-1", "ZL327KTPIQFUL"), ("ap-southeast-2", "Z2RPCDW04V8134"),
    ("ap-southeast-3", "Z10132843TYUYSLUG4HA3"), ("ap-southeast-4", "Z092189423Y7RJK61311D"),
    ("ap-southeast-5", "Z0314042F0KBUTZ3X5HF"), ("ca-central-1", "Z19DQILCV0OWEC"), ("ca-west-1", "Z04745493436AWVTG1OQY"),
    ("eu-central-1", "Z1U9ULNL0V5AJ3"), ("eu-central-2", "Z09222482MK253X48U76H"), ("eu-north-1", "Z3UWIKFBOOGXPP"),
    ("eu-south-1", "Z3BT4WSQ9TDYZV"), ("eu-south-2", "Z02499852UI5HEQ5JVWX3"), ("eu-west-1", "ZLY8HYME6SFDD"),
    ("eu-west-2", "ZJ5UAJN8Y3Z2Q"), ("eu-west-3", "Z3KY65QIEKYHQQ"), ("il-central-1", "Z07264553HBI44N5X2CKP"),
    ("me-central-1", "Z08780021BKYYY8U0YHTV"), ("me-south-1", "Z20ZBPC0SS8806"), ("sa-east-1", "ZCMLWB8V5SYIT"),
    ("us-east-1", "Z1UJRXOUMOOFQ8"), ("us-east-2", "ZOJJZC49E0EPZ"), ("us-gov-east-1", "Z3SE9ATJYCRCZJ"),
    ("us-gov-west-1", "Z1K6XKP9SAGWDV"), ("us-west-1", "Z2MUQ32089INYE"), ("us-west-2", "Z2OJLYMUO9EFXC"),
];

/// Interface endpoints of VPCs.
#[rustfmt::skip]
const VPC_ENDPOINTS: Zones = &[
    ("af-south-1", "Z09302161J80N9A7UTP7U"), ("ap-east-1", "Z2LIHJ7PKBEMWN"), ("ap-northeast-1", "Z2E726K9Y6RL4W"),
    ("ap-northeast-2", "Z27UANNT0PRK1T"), ("ap-northeast-3", "Z376B5OMM2JZL2"), ("ap-south-1", "Z2KVTB3ZLFM7JR"),
    ("ap-south-2", "Z0952991RWSF5AHIQDIY"), ("ap-southeast-1", "Z18LLCSTV4NVNL"), ("ap-southeast-2", "ZDK2GCRPAFKGO"),
    ("ap-southeast-3", "Z03881013RZ9BYYZO8N5W"), ("ap-southeast-4", "Z07508191CO1RNBX3X3AU"),
    ("ca-central-1", "ZRCXCF510Y6P9"), ("eu-central-1", "Z273ZU8SZ5RJPC"), ("eu-central-2", "Z045369019J4FUQ4S272E"),
    ("eu-north-1", "Z3OWWK6JFDEDGC"), ("eu-south-1", "Z2A5FDNRLY7KZG"), ("eu-south-2", "Z014396544HENR57XQCJ"),
    ("eu-west-1", "Z38GZ743OKFT7T"), ("eu-west-2", "Z7K1066E3PUKB"), ("eu-west-3", "Z1DWHTMFP0WECP"),
    ("me-central-1", "Z07122992YCEUCB9A9570"), ("me-south-1", "Z3B95P3VBGEQGY"), ("sa-east-1", "Z2LXUWEVLCVZIB"),
    ("us-east-1", "Z7HUB22UULQXV"), ("us-gov-east-1", "Z2MU5TEIGO9WXB"), ("us-gov-west-1", "Z12529ZODG2B6H"),
    ("us-west-1", "Z12I86A8N7VCZO"), ("us-west-2", "Z1YSA3EXCYUU9Z"),
];

/// Buckets of S3 that are websites.
#[rustfmt::skip]
const WEBSITES: Zones = &[
    ("af-south-1", "Z11KHD8FBVPUYU"), ("ap-east-1", "ZNB98KWMFR0R6"), ("ap-east-2", "Z064739330DAH7WJVOO93"),
    ("ap-northeast-1", "Z2M4EHUR26P7ZW"), ("ap-northeast-2", "Z3W03O7B5YMIYP"), ("ap-northeast-3", "Z2YQB5RD63NC85"),
    ("ap-south-1", "Z11RGJOFQNVJUP"), ("ap-south-2", "Z02976202B4EZMXIPMXF7"), ("ap-southeast-1", "Z3O0J2DXBE1FTB"),
    ("ap-southeast-2", "Z1WCIGYICN2BYD"), ("ap-southeast-3", "Z01846753K324LI26A3VV"),
    ("ap-southeast-4", "Z0312387243XT5FE14WFO"), ("ap-southeast-5", "Z08660063OXLMA7F1FJHU"),
    ("ap-southeast-7", "Z0031014GXUMRZG6I14G"), ("ca-central-1", "Z1QDHH18159H29"), ("ca-west-1", "Z03565811Z33SLEZTHOUL"),
    ("cn-north-1", "Z5CN8UMXT92WN"), ("cn-northwest-1", "Z282HJ1KT0DH03"), ("eu-central-1", "Z21DNDUVLTQW6Q"),
    ("eu-central-2", "Z030506016YDQGETNASS"), ("eu-north-1", "Z3BAZG2TWCNX0D"), ("eu-south-1", "Z3IXVV8C73GIO3"),
    ("eu-south-2", "Z0081959F7139GRJC19J"), ("eu-west-1", "Z1BKCTXD74EZPE"), ("eu-west-2", "Z3GKZC51ZF0DB4"),
    ("eu-west-3", "Z3R1K369G5AVDG"), ("il-central-1", "Z09640613K4A3MN55U7GU"), ("me-central-1", "Z06143092I8HRXZRUZROF"),
    ("me-south-1", "Z1MPMWCPA7YB62"), ("sa-east-1", "Z7KQH4QJS55SO"), ("us-east-1", "Z3AQBSTGFYJSTF"),
    ("us-east-2", "Z2O1EMRO9K5GLX"), ("us-gov-east-1", "Z2NIFVYYW2VKV1"), ("us-gov-west-1", "Z31GFT0UA1I2HV"),
    ("us-west-1", "Z2F56UZL2M1ACD"), ("us-west-2", "Z3BJ6K6RIION7M"),
];

/// Environments of Elastic Beanstalk.
#[rustfmt::skip]
const BEANSTALK: Zones = &[
    ("af-south-1", "Z1EI3BVKMKK4AM"), ("ap-east-1", "ZPWYUBWRU171A"), ("ap-northeast-1", "Z1R25G3KIG2GBW"),
    ("ap-northeast-2", "Z3JE5OI70TWKCP"), ("ap-northeast-3", "ZNE5GEY1TIAGY"), ("ap-south-1", "Z18NTBI3Y7N9TZ"),
    ("ap-south-2", "Z10223522IBWPBF2C2FJS"), ("ap-southeast-1", "Z16FZ9L249IFLT"), ("ap-southeast-2", "Z2PCDNR3VC2G1N"),
    ("ap-southeast-3", "Z05913172VM7EAZB40TA8"), ("ap-southeast-4", "Z0666869LC74UHAO5YE4"),
    ("ap-southeast-5", "Z01812971H0QCYWSL7WOH"), ("ap-southeast-6", "Z01144401H1NECCLJDD4D"),
    ("ca-central-1", "ZJFCZL7SSZB5I"), ("ca-west-1", "Z1021028356Y0CYS11DQI"), ("eu-central-1", "Z1FRNW7UH4DEZJ"),
    ("eu-central-2", "Z00227012FSHBMZNNSJJI"), ("eu-north-1", "Z23GO28BZ5AETM"), ("eu-south-1", "Z10VDYYOA2JFKM"),
    ("eu-west-1", "Z2NYPWQ7DFZAZH"), ("eu-west-2", "Z1GKAAAUGATPF1"), ("eu-west-3", "Z5WN6GAYWG5OB"),
    ("il-central-1", "Z02941091PERNCB1MI5H7"), ("me-south-1", "Z2BBTEKR2I36N2"), ("sa-east-1", "Z10X7K2B4QSOFV"),
    ("us-east-1", "Z117KPS5GTRQ2G"), ("us-east-2", "Z14LCN19Q5QHIC"), ("us-gov-east-1", "Z35TSARG0EJ4VU"),
    ("us-gov-west-1", "Z4KAURWC4UUUG"), ("us-west-1", "Z1LQECGX5PH1X"), ("us-west-2", "Z38NKT9BP95V3O"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn a_zone_is_that_of_one_service_in_one_region() {
        let zones =
            REGIONAL.iter().flat_map(|(endings, zones)| zones.iter().map(move |zone| (endings, zone)));
        let mut seen = BTreeMap::new();
        for (endings, (region, id)) in zones {
            assert_eq!(seen.insert(id, (endings, region)), None, "{id}");
            assert!(id.starts_with('Z') && id.len() <= 32, "{id}");
        }
    }

    #[test]
    fn names_are_matched_at_labels() {
        let zones = AliasZones::default();
        for (id, name, lies_in) in [
            ("Z1GDH35T77C1KE", "x.cn-north-1.elb.amazonaws.com.cn", true),
            ("Z1GDH35T77C1KE", "x.cn-north-1.elb.amazonaws.com", false),
            ("Z3AQBSTGFYJSTF", "s3-website-us-east-1.amazonaws.com", true),
            ("Z3AQBSTGFYJSTF", "s3-website.us-east-1.amazonaws.com", true),
            ("Z2FDTNDATAQYW2", "d1.cloudfront.net", true),
            ("Z2FDTNDATAQYW2", "d1.xcloudfront.net", false),
            ("Z117KPS5GTRQ2G", "env.us-east-1.elasticbeanstalk.com", true),
        ] {
            assert_eq!(zones.serves(id, &Name::parse(name).unwrap()), lies_in, "{id} {name}");
        }
    }
}
