# SPDX-License-Identifier: MIT
"""Constants of the kernel's headers that look like options and are none that
the table has: a pattern for each, and why. Every pattern must match something,
in some version of the headers, or it is to be taken out here too."""

REASONS = [
    (r"SO_SECURITY_\w+", "numbers that no kernel ever had an option for"),
    (r"SO_GET_FILTER", "another name of SO_ATTACH_FILTER"),
    (r"SO_DETACH_BPF", "another name of SO_DETACH_FILTER"),
    (r"SO_(RCV|SND)TIMEO_OLD|SO_TIMESTAMP(NS|ING)?_OLD",
     "the number behind the name without _OLD, on 64 bits"),
    (r"SO_DEVMEM_(LINEAR|DMABUF)", "the type of the ancillary data"),
    (r"IP_RECVRETOPTS", "another name of IP_RETOPTS"),
    (r"IP_ORIGDSTADDR|IPV6_ORIGDSTADDR", "the type of the ancillary data"),
    (r"IPV6_HOPLIMIT", "the type of the ancillary data"),
    (r"IP(V6)?_PMTUDISC_\w+", "a word of mtu_discover"),
    (r"IP_DEFAULT_MULTICAST_\w+", "a default, not an option"),
    (r"MCAST_(EXCLUDE|INCLUDE)", "a value of msfilter"),
    (r"MRT6?_(BASE|MAX)", "where the numbers begin, and where they end"),
    (r"MRT6?_FLUSH_\w+", "a word of mroute.flush"),
    (r"(IP6?T|ARPT|EBT|IP_VS)_SO_[SG]ET_MAX", "where the numbers end"),
    (r"IP_VS_SO_SET_(NONE|INSERT|LIST|RESTORE|SAVE)|IP_VS_SO_GET_DEST",
     "a number without code behind it in Linux"),
    (r"IPV6_(FL|TLV)_\w+", "a value in a flow label or an option header"),
    (r"IPV6_(FLOWINFO|PRIORITY)_\w+", "a mask or a priority; not an option",),
    (r"IPV6_PREFER_SRC_\w+", "a word of addr_preferences"),
    (r"IPV6_(NEXTHOP|AUTHHDR)", "numbers without code behind them in Linux"),
    (r"IPV6_USE_MIN_MTU", "a number without code behind it in Linux"),
    (r"IPV6_(JOIN|LEAVE)_GROUP", "glibc's name of IPV6_ADD_ and DROP_MEMBERSHIP"),
    (r"TCP_MSS_\w+", "a size, not an option"),
    (r"TCP_CM_INQ", "the type of the ancillary data"),
    (r"TCP_(NO|RECV|SEND)_QUEUE|TCP_QUEUES_NR", "a word of repair_queue"),
    (r"TCP_REPAIR_(ON|OFF)\w*", "a value of repair"),
    (r"TCP_MD5SIG_(MAXKEYLEN|FLAG\w*)", "a part of the value of md5sig"),
    (r"TCP_RECEIVE_ZEROCOPY_\w+", "a part of the value of zerocopy_receive"),
    (r"TCP_AO_(MAXKEYLEN|KEYF_\w+)", "a part of the value of ao_add_key"),
    (r"TCP_FLAG_\w+|TCP_RESERVED_BITS|TCP_DATA_OFFSET", "a bit of the header"),
    (r"TCP_CA_\w+", "a state of congestion control, in tcp.info"),
    (r"TCP_NLA_\w+", "an attribute of the error queue"),
    (r"TCP_ENCAP_ESPINTCP", "a word of udp.encap"),
    (r"TCP_TLS|TCP_FASTOPEN_\w*FAIL\w*", "a value in tcp.info"),
    (r"TCP_(ESTABLISHED|SYN_SENT|SYN_RECV|FIN_WAIT\d|TIME_WAIT|CLOSE|"
     r"CLOSE_WAIT|LAST_ACK|LISTEN|CLOSING)", "a state, in tcp.info"),
    (r"UDP_ENCAP_\w+", "a word of udp.encap"),
    (r"PACKET_(HOST|BROADCAST|MULTICAST|OTHERHOST|OUTGOING|LOOPBACK|USER|"
     r"KERNEL|FASTROUTE)", "the type of a packet, in its address"),
    (r"PACKET_FANOUT_\w+", "a mode of packet.fanout"),
    (r"PACKET_RECV_OUTPUT", "a number without code behind it in Linux"),
    (r"PACKET_MR_\w+", "a type of packet.add_membership"),
    (r"NETLINK_(ROUTE|UNUSED|USERSOCK|FIREWALL|SOCK_DIAG|INET_DIAG|NFLOG|XFRM|"
     r"SELINUX|ISCSI|AUDIT|FIB_LOOKUP|CONNECTOR|NETFILTER|IP6_FW|DNRTMSG|"
     r"KOBJECT_UEVENT|GENERIC|SCSITRANSPORT|ECRYPTFS|RDMA|CRYPTO|SMC)",
     "a protocol of netlink"),
    (r"NETLINK_(UNCONNECTED|CONNECTED)", "a state inside the kernel"),
    (r"CAN_RAW_(FILTER_MAX|XL_VCID_\w+)", "a limit or a flag of the value"),
    (r"CAN_ISOTP_(LISTEN_MODE|EXTEND_ADDR|[TR]X_PADDING|CHK_PAD_\w+|"
     r"HALF_DUPLEX|FORCE_\w+|RX_EXT_ADDR|WAIT_TX_DONE|[SC]F_BROADCAST|"
     r"DYN_FC_PARMS)", "a flag of isotp.opts"),
    (r"CAN_ISOTP_(DEFAULT|FRAME)_\w+", "a default of isotp.opts"),
    (r"SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD",
     "the number behind the name without _OLD, on 64 bits"),
    (r"MPTCP_(SUBFLOW_(?!ADDRS$)|PM|ATTR|INFO_FLAG|RST|EVENT)\w+",
     "the netlink family of MPTCP, or a flag in mptcp.info"),
    (r"SCTP_(FUTURE|CURRENT|ALL)_ASSOC", "a number of an association"),
    (r"SCTP_DELAYED_(ACK|SACK)", "another name of SCTP_DELAYED_ACK_TIME"),
    (r"SCTP_EXPOSE_PF_STATE", "another name of the same option"),
    (r"SCTP_(UNORDERED|ADDR_OVER|ABORT|SACK_IMMEDIATELY|SENDALL|"
     r"PR_SCTP_ALL|NOTIFICATION|EOF)", "a flag of a message"),
    (r"SCTP_PR_(SCTP_\w+|INDEX|POLICY)", "a policy of sctp.default_prinfo"),
    (r"SCTP_ENABLE_(RESET|CHANGE|STRRESET)\w+|SCTP_STREAM_RESET_\w+",
     "a value of sctp.enable_stream_reset"),
    (r"SCTP_(ASSOC|STREAM)_(RESET|CHANGE)\w+", "an event"),
    (r"SCTP_(INIT|SNDRCV|SNDINFO|RCVINFO|NXTINFO|PRINFO|AUTHINFO|"
     r"DSTADDRV\d)", "the type of the ancillary data"),
    (r"SCTP_(DATA_IO_EVENT|ASSOC_CHANGE|PEER_ADDR_CHANGE|SEND_FAILED\w*|"
     r"REMOTE_ERROR|SHUTDOWN_\w+|PARTIAL_DELIVERY_\w+|ADAPTATION_INDICATION|"
     r"AUTHENTICATION_\w+|SENDER_DRY_EVENT|DATA_\w+|COMM_\w+|RESTART|"
     r"CANT_STR_ASSOC|ADDR_\w+|PEER_ADDR_\w+|AUTH_NEW_?KEY|AUTH_FREE_KEY|"
     r"AUTH_NO_AUTH|FAILED_THRESHOLD|POTENTIALLY_FAILED|RECEIVED_SACK|"
     r"HEARTBEAT_SUCCESS|RESPONSE_TO_USER_REQ|INTERNAL_ERROR|"
     r"PEER_FAULTY|SN_TYPE_\w+|AUTH_HMAC_ID_\w+)", "an event, or what it tells"),
    (r"SCTP_(BINDX|SS)_\w+", "a flag of a call, or a scheduler"),
    (r"SCTP_(EMPTY|CLOSED|COOKIE_\w+|ESTABLISHED|UNKNOWN|INACTIVE|PF|ACTIVE|"
     r"UNCONFIRMED)", "a state, in sctp.status"),
    (r"SCTP_(PARTIAL_RELIABLE|SCTP_\w+)", "a flag"),
    (r"TIPC_(IMPORTANCE|CONN|RESERVED|MAX|ERR|SUB|ADDR|SERVICE|SOCKET|"
     r"NODEID|AEAD|CFG|WAIT|LOW|MEDIUM|HIGH|CRITICAL|CLUSTER|ZONE|NODE)_\w+"
     r"|TIPC_(OK|REKEYING_NOW|PUBLISHED|WITHDRAWN|SUBSCR_TIMEOUT|ERRINFO|RETDATA|DESTNAME|"
     r"TOP_SRV|LINK_STATE|NODE_STATE|GROUP_LOOPBACK|GROUP_MEMBER_EVTS)",
     "an address, a scope, an event, or a word of an option"),
    (r"TLS_(\d\w+|CIPHER_\w+|SET_\w+|GET_\w+|INFO_\w+|CONF_\w+|"
     r"VERSION_NUMBER)", "a cipher, a version, or the type of ancillary data"),
]
