/* The least that any program on libpcap does: reads every packet of a capture, counts it, adds up its bytes.
 * benches/compare compiles and measures it as the floor under every analyzer built on libpcap.
 */
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    char message[PCAP_ERRBUF_SIZE] = "";
    struct pcap_pkthdr *header;
    const u_char *bytes;
    uint64_t packets = 0, captured = 0, wire = 0, touched = 0;
    int status;

    if (argc != 2) {
        fprintf(stderr, "usage: %s CAPTURE\n", argv[0]);
        return 2;
    }
    pcap_t *capture = pcap_open_offline_with_tstamp_precision(argv[1], PCAP_TSTAMP_PRECISION_NANO, message);
    if (capture == NULL) {
        fprintf(stderr, "%s\n", message);
        return 2;
    }
    while ((status = pcap_next_ex(capture, &header, &bytes)) == 1) {
        packets++;
        captured += header->caplen;
        wire += header->len;
        if (header->caplen > 0)
            touched += bytes[header->caplen - 1];
    }
    if (status == PCAP_ERROR)
        fprintf(stderr, "after %llu packets: %s\n", (unsigned long long)packets, pcap_geterr(capture));
    printf("%llu packets, %llu bytes captured, %llu on the wire (%llu)\n", (unsigned long long)packets,
           (unsigned long long)captured, (unsigned long long)wire, (unsigned long long)touched);
    pcap_close(capture);
    return status == PCAP_ERROR ? 1 : 0;
}
