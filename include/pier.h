/* SPDX-License-Identifier: MIT */
/*
 * pier.h - all of libpier.
 *
 * One header per noun stands in pier/; each may also be included alone.
 */
#ifndef PIER_H
#define PIER_H

#include <pier/addr.h>
#include <pier/announce.h>
#include <pier/bt.h>
#include <pier/bt_control.h>
#include <pier/bytes.h>
#include <pier/can.h>
#include <pier/can_bcm.h>
#include <pier/can_link.h>
#include <pier/deadline.h>
#include <pier/dns.h>
#include <pier/dump.h>
#include <pier/endpoint.h>
#include <pier/error.h>
#include <pier/exec.h>
#include <pier/file.h>
#include <pier/find.h>
#include <pier/frame.h>
#include <pier/http.h>
#include <pier/hub.h>
#include <pier/info.h>
#include <pier/interface.h>
#include <pier/isotp.h>
#include <pier/layers.h>
#include <pier/network.h>
#include <pier/ntp.h>
#include <pier/order.h>
#include <pier/option.h>
#include <pier/packet.h>
#include <pier/ping.h>
#include <pier/pcap.h>
#include <pier/port.h>
#include <pier/resolve.h>
#include <pier/serve.h>
#include <pier/service.h>
#include <pier/sockets.h>
#include <pier/sntp.h>
#include <pier/stream.h>
#include <pier/task.h>
#include <pier/unix.h>
#include <pier/version.h>

#endif
