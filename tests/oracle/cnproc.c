/*
 * cnproc.c - every fork, exec and exit of a process, from the kernel's process connector.
 *
 * A second witness of process life that shares no code with the BPF programs.
 * Prints "ready", then one line an event: "fork PARENT CHILD", "exec PID",
 * "exit PID"; ends when its standard input does.  Threads are left out.  A
 * message that the kernel could not deliver ends it with status 1.
 */
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (64 << 20)

static int subscribe(void)
{
	struct {
		struct nlmsghdr header;
		struct cn_msg message;
		enum proc_cn_mcast_op op;
	} __attribute__((packed)) ask = {
		.header = {.nlmsg_len = sizeof(ask), .nlmsg_type = NLMSG_DONE},
		.message = {.id = {CN_IDX_PROC, CN_VAL_PROC}, .len = sizeof(ask.op)},
		.op = PROC_CN_MCAST_LISTEN,
	};
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_groups = CN_IDX_PROC};
	int fd = socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_CONNECTOR);
	int bytes = RECEIVE_BYTES;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    send(fd, &ask, sizeof(ask), 0) != sizeof(ask)) {
		perror("cnproc: process connector");
		return -1;
	}
	return fd;
}

static void print_event(const struct proc_event *event)
{
	const __typeof__(event->event_data) *data = &event->event_data;

	switch (event->what) {
	case PROC_EVENT_NONE:
		puts("ready");
		fflush(stdout);
		break;
	case PROC_EVENT_FORK:
		if (data->fork.child_pid == data->fork.child_tgid)
			printf("fork %d %d\n", data->fork.parent_tgid, data->fork.child_tgid);
		break;
	case PROC_EVENT_EXEC:
		printf("exec %d\n", data->exec.process_tgid);
		break;
	case PROC_EVENT_EXIT:
		if (data->exit.process_pid == data->exit.process_tgid)
			printf("exit %d\n", data->exit.process_tgid);
		break;
	default:
		break;
	}
}

/* All that is there.  1, or 0 when a message was lost. */
static int drain(int fd)
{
	char buffer[4096] __attribute__((aligned(NLMSG_ALIGNTO)));
	ssize_t len;

	while ((len = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0) {
		struct nlmsghdr *header = (struct nlmsghdr *)buffer;

		for (; NLMSG_OK(header, len); header = NLMSG_NEXT(header, len)) {
			struct cn_msg *message = NLMSG_DATA(header);
			struct proc_event event;

			memset(&event, 0, sizeof(event));
			memcpy(&event, message->data,
			       message->len < sizeof(event) ? message->len : sizeof(event));
			print_event(&event);
		}
	}
	return errno == EAGAIN || errno == EINTR;
}

int main(void)
{
	struct pollfd fds[2] = {{.fd = 0, .events = POLLIN}, {.events = POLLIN}};

	fds[1].fd = subscribe();
	if (fds[1].fd < 0)
		return 1;
	while (!fds[0].revents) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return 1;
		if (!drain(fds[1].fd)) {
			perror("cnproc: events lost");
			return 1;
		}
	}
	return fflush(stdout) ? 1 : 0;
}
