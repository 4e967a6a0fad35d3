//! What the APIs call what is asked of them, and which types of records they have.

use crate::config::Service;
use zonewright_planner::RecordType;

/// Names for metrics: those of the published APIs.
pub(crate) struct Operations {
    pub(crate) list_zones: &'static str,
    pub(crate) list_records: &'static str,
    pub(crate) put: &'static str,
    pub(crate) delete: &'static str,
}

impl Service {
    pub(crate) fn operations(self) -> &'static Operations {
        match self {
            Self::Public => &Operations {
                list_zones: "Zones_ListByResourceGroup",
                list_records: "RecordSets_ListAllByDnsZone",
                put: "RecordSets_CreateOrUpdate",
                delete: "RecordSets_Delete",
            },
            Self::Private => &Operations {
                list_zones: "PrivateZones_ListByResourceGroup",
                list_records: "RecordSets_List",
                put: "RecordSets_CreateOrUpdate",
                delete: "RecordSets_Delete",
            },
        }
    }

    /// The plannable types that the service stores. Private zones cannot be delegated, and have no NS.
    pub(crate) fn record_types(self) -> &'static [RecordType] {
        const TYPES: [RecordType; 8] = [
            RecordType::A,
            RecordType::Aaaa,
            RecordType::Cname,
            RecordType::Txt,
            RecordType::Srv,
            RecordType::Ptr,
            RecordType::Mx,
            RecordType::Ns,
        ];
        match self {
            Self::Public => &TYPES,
            Self::Private => TYPES.split_last().map_or(&[], |(_ns, others)| others),
        }
    }
}
