"""FullConfig, the compiler's configuration: the fields that the Model Zoo's BERT sets (1.7.1)."""

from cerebras.standin.protobuf import message_class

FullConfig = message_class(
    "FullConfig",
    {
        "target_num_replicas": "int32",
        "matching": {
            "autogen_policy": "int32",
            "kernel": {
                "no_dcache_spill_splits": "bool",
                "inc_pwt_estimate": "bool",
                "use_legacy_vsl": "bool",
            },
            "match_lair": {"disabled_converters": "repeated string"},
            "add_pack_and_unpack": {"max_egress_per_pack": "int32"},
        },
        "placement": {
            "optimize_buses": {"deltat_relative_margin": "float"},
            "prep_recolor_kernels": {"wrap_pack_kernel": "bool"},
            "pathfinder_inter_replica": {
                "fix_existing": "int32",
                "allow_infeasible_initial_state": "int32",
            },
        },
    },
)
