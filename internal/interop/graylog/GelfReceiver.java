import com.codahale.metrics.MetricRegistry;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.Constructor;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import org.graylog2.inputs.codecs.GelfChunkAggregator;
import org.graylog2.inputs.codecs.GelfCodec;
import org.graylog2.inputs.codecs.gelf.GELFBulkDroppedMsgService;
import org.graylog2.plugin.Message;
import org.graylog2.plugin.MessageFactory;
import org.graylog2.plugin.configuration.Configuration;
import org.graylog2.plugin.inputs.codecs.CodecAggregator;
import org.graylog2.plugin.journal.RawMessage;

/**
 * GelfReceiver PORT FILE: what Graylog makes of GELF, by TCP (a zero byte behind each message) and UDP at the same port.
 * Chunks are put together by Graylog's own GelfChunkAggregator, and messages are read by its own GelfCodec; only the
 * sockets are this program's, since those of Graylog's inputs come with all of the server, and its MongoDB. The fields
 * of each message are a line of JSON in FILE before the next one is read; a message that the codec refuses is a line
 * with "error".
 */
public final class GelfReceiver {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final GelfChunkAggregator chunks = new GelfChunkAggregator(Executors.newScheduledThreadPool(1), new MetricRegistry());
    private final GelfCodec codec;
    private final OutputStream out;

    private GelfReceiver(String file) throws Exception {
        Constructor<?> factory = Class.forName("org.graylog2.plugin.DefaultMessageFactory").getDeclaredConstructor();
        factory.setAccessible(true); // Graylog has Guice call it
        // The service counts what is dropped, and is called for nothing else: such a message fails, and is seen.
        codec = new GelfCodec(new Configuration(Map.of()), chunks, (MessageFactory) factory.newInstance(), new GELFBulkDroppedMsgService(null));
        out = Files.newOutputStream(Path.of(file));
    }

    public static void main(String[] args) throws Exception {
        GelfReceiver receiver = new GelfReceiver(args[1]);
        InetSocketAddress at = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]));
        DatagramSocket datagrams = new DatagramSocket(null);
        datagrams.setReceiveBufferSize(4 << 20);
        datagrams.bind(at);
        new Thread(() -> receiver.serve(datagrams)).start();
        try (ServerSocket listener = new ServerSocket()) {
            listener.setReuseAddress(true);
            listener.bind(at);
            for (;;) {
                Socket connection = listener.accept();
                new Thread(() -> receiver.serve(connection)).start();
            }
        }
    }

    private void serve(Socket connection) {
        try (connection; InputStream in = new BufferedInputStream(connection.getInputStream())) {
            ByteArrayOutputStream message = new ByteArrayOutputStream();
            for (int b; (b = in.read()) >= 0; ) {
                if (b != 0) {
                    message.write(b);
                    continue;
                }
                take(message.toByteArray(), at(connection.getRemoteSocketAddress()));
                message.reset(); // what has no zero byte behind it was cut off by a kill
            }
        } catch (IOException e) {
            e.printStackTrace();
        }
    }

    /** Takes datagrams out of the socket, whose buffer is small, as fast as they come. */
    private void serve(DatagramSocket datagrams) {
        BlockingQueue<DatagramPacket> queue = new LinkedBlockingQueue<>();
        new Thread(() -> assemble(queue)).start();
        Thread.currentThread().setPriority(Thread.MAX_PRIORITY);
        try {
            for (byte[] buffer = new byte[64 << 10]; ; ) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                datagrams.receive(packet);
                packet.setData(Arrays.copyOf(buffer, packet.getLength()));
                queue.add(packet);
            }
        } catch (IOException e) {
            e.printStackTrace();
        }
    }

    private void assemble(BlockingQueue<DatagramPacket> queue) {
        try {
            for (;;) {
                DatagramPacket packet = queue.take();
                CodecAggregator.Result result = chunks.addChunk(Unpooled.wrappedBuffer(packet.getData()));
                ByteBuf whole = result.getMessage();
                if (whole != null) {
                    take(ByteBufUtil.getBytes(whole), at(packet.getSocketAddress()));
                } else if (!result.isValid()) {
                    write(Map.of("error", "no chunk that Graylog takes"));
                }
            }
        } catch (IOException | InterruptedException e) {
            e.printStackTrace();
        }
    }

    private static InetSocketAddress at(Object address) {
        return (InetSocketAddress) address;
    }

    private void take(byte[] payload, InetSocketAddress from) throws IOException {
        Map<String, Object> row;
        try {
            Message message = codec.decodeSafe(new RawMessage(payload, from)).orElseThrow();
            row = new LinkedHashMap<>(message.getFields());
            row.put("timestamp", message.getTimestamp().getMillis());
        } catch (RuntimeException e) {
            row = Map.of("error", String.valueOf(e));
        }
        write(row);
    }

    private synchronized void write(Map<String, Object> row) throws IOException {
        byte[] line = JSON.writeValueAsBytes(row);
        byte[] whole = Arrays.copyOf(line, line.length + 1);
        whole[line.length] = '\n';
        out.write(whole);
    }
}
