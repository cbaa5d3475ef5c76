uniform float width;
in vec3 a;
in vec3 b;
in vec4 tint;
void main() {
    segment(a, b, width, tint);
}
